// The keyed hash: spread, dependence on the key, parts that cannot be shifted into one another, characters beyond latin1.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KeyedHash } from './keyed-hash.ts';

const hash = new KeyedHash();

function of(texts: readonly string[], low = 1, high = 2): string {
  hash.low = low;
  hash.high = high;
  for (const text of texts) hash.text(hash.low, hash.high, text);
  return `${hash.low >>> 0}.${hash.high >>> 0}`;
}

test('the same text and key give the same hash, another key another', () => {
  assert.equal(of(['198.51.100.7']), of(['198.51.100.7']));
  assert.notEqual(of(['198.51.100.7']), of(['198.51.100.7'], 1, 3));
  assert.notEqual(of(['198.51.100.7']), of(['198.51.100.7'], 3, 2));
});

test('different pieces give different hashes', () => {
  const texts = fc.array(fc.string({ unit: 'binary', maxLength: 9 }), { maxLength: 4 });
  fc.assert(
    fc.property(texts, texts, (a, b) => {
      assert.equal(of(a) === of(b), JSON.stringify(a) === JSON.stringify(b));
    }),
    { numRuns: 3_000 },
  );
  assert.notEqual(of(['a', 'bc']), of(['ab', 'c']));
  assert.notEqual(of(['abcd', '']), of(['', 'abcd']));
  assert.notEqual(of(['a\0']), of(['a']));
});

test('letters beyond latin1 are not taken for others', () => {
  assert.notEqual(of(['\u0141']), of(['A']));
  assert.notEqual(of(['\u4100']), of(['\0A']));
  assert.notEqual(of(['\u0141']), of(['A\u0001']));
});

test('either half is spread evenly, also for texts that differ little', () => {
  const buckets = { low: new Array<number>(64).fill(0), high: new Array<number>(64).fill(0) };
  const count = 64_000;
  for (let n = 0; n < count; n++) {
    of([`user-${n}`]);
    buckets.low[hash.low >>> 26]!++;
    buckets.high[hash.high & 63]!++;
  }
  for (const half of [buckets.low, buckets.high]) {
    const expected = count / 64;
    const chiSquare = half.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
    // With 63 degrees of freedom, an even hash exceeds 120 once in a hundred thousand draws.
    assert.ok(chiSquare < 120, `chi square ${chiSquare}`);
  }
});

test('two numbers give another hash than the same in another order, and than any text', () => {
  const seen = new Set<string>();
  for (let a = 0; a < 100; a++) {
    for (let b = 0; b < 100; b++) {
      hash.words(1, 2, a, b);
      seen.add(`${hash.low}.${hash.high}`);
    }
  }
  assert.equal(seen.size, 10_000);
  hash.words(1, 2, 0, 0);
  assert.notEqual(`${hash.low >>> 0}.${hash.high >>> 0}`, of(['\0\0\0\0\0\0\0\0']));
});
