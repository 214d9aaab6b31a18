// One text per value: nothing that Node's decoder would skip, or take for another letter.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { borrowBase64url, decodeBase64url, decodeBase64urlText } from './base64url.ts';

test('only its own letters, and all unused bits 0', () => {
  assert.deepEqual(decodeBase64url('AQID_-8'), Buffer.of(1, 2, 3, 0xff, 0xef));
  // The last text consists of a letter whose lower byte is that of A; a query can contain it.
  for (const text of [
    'A',
    'A+AA',
    'AA/A',
    'AB=',
    'AA==',
    'AA A',
    'A+/A',
    'AB',
    'AA\u00c1A',
    'AA\n',
    '\u0141\u0141\u0141\u0141',
  ])
    assert.equal(decodeBase64url(text), null, JSON.stringify(text));
});

test('a text is one when its bytes are UTF-8', () => {
  const decoded = (...bytes: readonly number[]) => decodeBase64urlText(Buffer.from(bytes).toString('base64url'));
  assert.equal(decoded(0x61, 0xc3, 0xa9), 'a\u00e9');
  assert.equal(decoded(0xef, 0xbf, 0xbd), '\ufffd');
  assert.equal(decoded(0xff), null);
  assert.equal(decoded(0x61, 0xc3), null);
  assert.equal(decoded(0xef, 0xbf, 0xbd, 0xff), null);
  for (const text of ['A', 'AB', 'AA=']) assert.equal(decodeBase64urlText(text), null, text);
});

test('texts longer than the room for them are decoded all the same', () => {
  for (const length of [0, 1, 1_024, 1_025, 8_192, 8_193, 40_000]) {
    const bytes = Buffer.alloc(length, 'xyz');
    const text = bytes.toString('base64url');
    assert.deepEqual(decodeBase64url(text), bytes);
    assert.deepEqual(borrowBase64url(text), bytes);
    assert.equal(decodeBase64urlText(text), bytes.toString());
    assert.equal(decodeBase64urlText(`${text.slice(0, -1)}!`), null);
  }
  const [one, other] = ['AAAA', 'BBBB'].map(text => Buffer.from(borrowBase64url(text)!));
  assert.notDeepEqual(one, other);
});
