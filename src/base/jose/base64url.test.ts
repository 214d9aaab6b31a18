// One text for one value: nothing that a decoder of Node's passes over, or takes for another letter.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBase64url } from './base64url.ts';

test('only its own letters, and all unused bits 0', () => {
  assert.deepEqual(decodeBase64url('AQID_-8'), Buffer.of(1, 2, 3, 0xff, 0xef));
  // The last is a letter whose lower byte is that of A; a query can bring it.
  for (const text of ['A', 'AB=', 'AA==', 'AA A', 'A+/A', 'AB', 'AA\u00c1A', 'AA\n', '\u0141\u0141\u0141\u0141'])
    assert.equal(decodeBase64url(text), null, JSON.stringify(text));
});
