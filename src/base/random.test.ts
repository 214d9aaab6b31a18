// The generator is repeatable, even, and in range.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from './random.ts';

test('the same seed gives the same sequence, also the seed zero', () => {
  for (const seed of [0, 1, -5, 0xffffffff]) {
    const [a, b] = [new Random(seed), new Random(seed)];
    const first = Array.from({ length: 20 }, () => a.unit());
    assert.deepEqual(
      Array.from({ length: 20 }, () => b.unit()),
      first,
    );
    assert.equal(new Set(first).size, 20);
  }
});

test('is even over its range, singly and in pairs', () => {
  const random = new Random(1);
  const singles = new Array<number>(50).fill(0);
  const pairs = new Array<number>(100).fill(0);
  for (let i = 0; i < 100_000; i++) {
    const first = random.below(50);
    const second = random.unit();
    assert.ok(second >= 0 && second < 1);
    singles[first]!++;
    pairs[Math.floor(first / 5) * 10 + Math.floor(second * 10)]!++;
  }
  const chiSquare = (counts: number[], expected: number) =>
    counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // Exceeded once in a thousand draws, with 49 and 99 degrees of freedom.
  assert.ok(chiSquare(singles, 2000) < 85);
  assert.ok(chiSquare(pairs, 1000) < 149);
});

test('below reaches every number and no further', () => {
  const random = new Random(7);
  const seen = new Set(Array.from({ length: 200 }, () => random.below(3)));
  assert.deepEqual([...seen].sort(), [0, 1, 2]);
});
