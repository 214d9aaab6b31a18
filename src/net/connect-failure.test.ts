// What the operator hears of a connection that was not made: the system's code, and the gateway's own want of something as that.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectFailure } from './connect-failure.ts';

test('the system’s code, and whose want it is', () => {
  const said = (code: string) => connectFailure(Object.assign(new Error('connect failed'), { code }));
  assert.equal(said('ECONNREFUSED'), 'ECONNREFUSED');
  assert.match(said('EMFILE'), /the gateway has no file descriptor left .*\(EMFILE\)/);
  assert.match(said('EADDRNOTAVAIL'), /the gateway has no address or port left .*\(EADDRNOTAVAIL\)/);
  assert.equal(connectFailure(new Error('odd')), 'odd');
});
