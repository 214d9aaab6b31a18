import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latin1, writeLatin1 } from './latin1.ts';

test('every byte survives the way to text and back', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const text = latin1(bytes, 0, 256);
  assert.equal(text.length, 256);
  const back = Buffer.alloc(260, 0xee);
  assert.equal(writeLatin1(back, text, 2), 256);
  assert.deepEqual(back.subarray(2, 258), bytes);
  assert.equal(back[1], 0xee);
  assert.equal(back[258], 0xee);
});
