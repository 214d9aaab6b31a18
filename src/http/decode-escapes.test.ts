// The same results as the language's own function, without its exceptions.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeEscapes } from './decode-escapes.ts';
import { queryPairs } from './query.ts';

function expected(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const bytes = Array.from({ length: 256 }, (_, byte) => `%${byte.toString(16).padStart(2, '0')}`);

test('every sequence of up to three bytes, and the limits of those of four', () => {
  const limits = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff].map(byte => bytes[byte]!);
  for (const one of bytes) {
    assert.equal(decodeEscapes(one), expected(one));
    for (const two of bytes) assert.equal(decodeEscapes(one + two), expected(one + two), one + two);
    for (const two of limits) {
      for (const three of limits) {
        const text = one + two + three;
        assert.equal(decodeEscapes(text), expected(text), text);
        if (!one.startsWith('%f')) continue;
        for (const four of limits) assert.equal(decodeEscapes(text + four), expected(text + four), text + four);
      }
    }
  }
});

test('any text', () => {
  const piece = fc.oneof(fc.constantFrom(...bytes, '%', '%4', '%4x', 'a', '+'), fc.string({ unit: 'binary' }));
  const texts = fc.oneof(
    fc.array(piece).map(pieces => pieces.join('')),
    fc.string({ unit: 'grapheme' }).map(text => (text.isWellFormed() ? encodeURIComponent(text) : text)),
  );
  fc.assert(fc.property(texts, text => assert.equal(decodeEscapes(text), expected(text))));
});

test('a query full of escapes that are no UTF-8 throws nothing on its way: an exception for each takes milliseconds', t => {
  const decode = decodeURIComponent;
  let thrown = 0;
  t.mock.method(globalThis, 'decodeURIComponent', (text: string) => {
    try {
      return decode(text);
    } catch (error) {
      thrown++;
      throw error;
    }
  });
  const query = '%ff=%c3&%e2%82=%4&'.repeat(400);
  assert.deepEqual(queryPairs(query).slice(0, 4), ['%ff', '%c3', '%e2%82', '%4']);
  assert.equal(thrown, 0);
});
