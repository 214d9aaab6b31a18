// Query strings as browsers and as attackers write them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeQueryText, queryPairs, queryValue } from './query.ts';

test('names and values are decoded; what is no UTF-8 stays', () => {
  assert.deepEqual(queryPairs('a=1&b=x+y&%62=%C3%A9&&c&d=%FF&e=1=2'), [
    ...['a', '1', 'b', 'x y', 'b', '\u00e9', 'c', '', 'd', '%FF', 'e', '1=2'],
  ]);
});

test('the first parameter of a name counts', () => {
  assert.equal(queryValue('b=0&a=1&a=2', 'a'), '1');
  assert.equal(queryValue('a', 'a'), '');
  assert.equal(queryValue('ab=1', 'a'), undefined);
  assert.equal(queryValue('', ''), undefined);
});

test('what URLSearchParams writes is read back', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }))), pairs => {
      const wellFormed = pairs.filter(([name, value]) => name.isWellFormed() && value.isWellFormed() && name !== '');
      assert.deepEqual(queryPairs(new URLSearchParams(wellFormed).toString()), wellFormed.flat());
    }),
  );
});

test('decoding never throws and leaves plain text alone', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => typeof decodeQueryText(text) === 'string'));
  assert.equal(decodeQueryText('plain'), 'plain');
});
