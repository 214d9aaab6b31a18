// Faults of failed connection attempts: the endpoint's, with the system's code, and the gateway's own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectFault } from './connect-failure.ts';

test('the endpoint’s fault, or the gateway’s own', () => {
  const faultOf = (code: string) => {
    const fault = connectFault(Object.assign(new Error('connect failed'), { code }));
    return [fault.code, fault.cause];
  };
  assert.deepEqual(faultOf('ECONNREFUSED'), ['upstream_connect_failed', 'ECONNREFUSED']);
  assert.deepEqual(faultOf('EMFILE'), ['descriptors_exhausted', 'no file descriptor left (EMFILE)']);
  const [code, cause] = faultOf('EADDRNOTAVAIL');
  assert.equal(code, 'upstream_connect_failed');
  assert.match(cause!, /no address or port left .*\(EADDRNOTAVAIL\)/);
  assert.equal(connectFault(new Error('odd')).cause, 'odd');
});
