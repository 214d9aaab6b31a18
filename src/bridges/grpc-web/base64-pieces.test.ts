// Base64 in pieces of any length, each with its own padding, and what is not base64.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Base64Decoder, base64Piece } from './base64-pieces.ts';

/** What a decoder makes of the text, which arrives in pieces of `length` characters. */
function decoded(text: string, length: number): string {
  const decoder = new Base64Decoder();
  const pieces: Buffer[] = [];
  for (let at = 0; at < text.length; at += length)
    pieces.push(decoder.push(Buffer.from(text.slice(at, at + length), 'latin1')));
  decoder.end();
  return Buffer.concat(pieces).toString('latin1');
}

test('padding may end each piece that was encoded, wherever the received pieces are cut', () => {
  const words = ['a', 'bc', 'def', 'ghij', ''];
  const text = words.map(word => base64Piece(Buffer.from(word)).toString('latin1')).join('');
  for (let length = 1; length <= text.length; length++) assert.equal(decoded(text, length), 'abcdefghij');
});

test('anything else is refused, wherever the received pieces are cut', () => {
  const wrong = [
    '====',
    '====QUJD',
    'QUJD====',
    'QQ======',
    'QQ==QQ======',
    'Q===',
    '=QUJ',
    'QU=D',
    'QUJ',
    'QU-D',
    'QU D',
    'QUJ\n',
  ];
  for (const text of wrong) {
    for (let length = 1; length <= text.length; length++)
      assert.throws(() => decoded(text, length), TypeError, `${JSON.stringify(text)} in pieces of ${length}`);
  }
});
