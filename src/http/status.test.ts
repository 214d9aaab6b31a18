// The list of reason phrases is the same as Node's.

import assert from 'node:assert/strict';
import { STATUS_CODES } from 'node:http';
import { test } from 'node:test';
import { isBodiless, reasonOf, statusLine } from './status.ts';

test('every status has the phrase that Node knows for it, and no other', () => {
  for (let status = 100; status < 600; status++) {
    assert.equal(reasonOf(status), STATUS_CODES[status] ?? '');
    assert.equal(statusLine(status), `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`);
  }
});

test('1xx, 204 and 304 have no body', () => {
  const statuses = Array.from({ length: 500 }, (_, index) => index + 100).filter(status => isBodiless(status));
  assert.deepEqual(statuses.slice(100), [204, 304]);
  assert.equal(statuses[99], 199);
});
