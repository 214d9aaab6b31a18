// A split is exact over time, and sticky by key.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Random } from '../base/random.ts';
import { Splitter } from './splitter.ts';

const splitOf = (weights: readonly number[]) =>
  new Splitter(weights.map((weight, value) => ({ value, weight, key: `k${value}` })));

test('every run as long as the sum of the weights gives each target its weight', () => {
  const weights = fc
    .array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 6 })
    .filter(all => all.some(Boolean));
  fc.assert(
    fc.property(weights, fc.nat(300), (each, before) => {
      const split = splitOf(each);
      for (let n = 0; n < before; n++) split.next();
      const counts = each.map(() => 0);
      for (let n = each.reduce((sum, weight) => sum + weight, 0); n > 0; n--) counts[split.next()]!++;
      assert.deepEqual(counts, each);
    }),
  );
});

test('a canary of 5 in 100 is spread over the run', () => {
  const split = splitOf([5, 95]);
  const turns = Array.from({ length: 100 }, (_, n) => (split.next() === 0 ? n : -1)).filter(n => n !== -1);
  assert.equal(turns.length, 5);
  for (let i = 1; i < turns.length; i++) assert.equal(turns[i]! - turns[i - 1]!, 20);
});

test('splits that are made anew for every few requests give each target its share all the same', () => {
  const counts = [0, 0];
  for (let seed = 1; seed <= 20_000; seed++) {
    const split = new Splitter(
      [5, 95].map((weight, value) => ({ value, weight, key: `k${value}` })),
      new Random(seed * 7_919),
    );
    for (let n = 0; n < 5; n++) counts[split.next()]!++;
  }
  assert.ok(Math.abs(counts[0]! / 100_000 - 0.05) < 0.005, `${counts[0]} of 100000`);
});

test('weights need not be whole numbers', () => {
  const split = splitOf([0.5, 99.5]);
  let canary = 0;
  for (let n = 0; n < 20_000; n++) if (split.next() === 0) canary++;
  assert.equal(canary, 100);
});

test('a key finds its target again; unknown keys and drained targets find nothing', () => {
  const split = splitOf([1, 1, 0]);
  assert.equal(split.byKey('k1'), 1);
  assert.equal(split.byKey(split.keyOf(0)), 0);
  for (const key of ['k2', 'k9', '', '__proto__', 'K1', 'k1 ']) assert.equal(split.byKey(key), undefined, key);
  assert.throws(() => split.keyOf(2), TypeError);
});

test('a split that cannot work is refused', () => {
  assert.throws(() => splitOf([]), /weight above 0/);
  assert.throws(() => splitOf([0, 0]), /weight above 0/);
  const twice = [1, 2].map(value => ({ value, weight: 1, key: 'same' }));
  assert.throws(() => new Splitter(twice), /same key/);
});

test('by a hash each target has its share, and a hash always the same target', () => {
  const splitter = new Splitter([
    { value: 'a', weight: 1, key: 'a' },
    { value: 'none', weight: 0, key: 'n' },
    { value: 'b', weight: 3, key: 'b' },
  ]);
  const counts: Record<string, number> = { a: 0, b: 0 };
  for (let hash = 0; hash < 4_000; hash++) {
    const target = splitter.byHash(hash);
    assert.equal(splitter.byHash(hash), target);
    counts[target]!++;
  }
  assert.deepEqual(counts, { a: 1_000, b: 3_000 });
});
