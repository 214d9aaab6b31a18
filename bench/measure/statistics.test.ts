// The arithmetic behind every figure of the bench.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, medianDeviation, mulberry32, quantile, ratioOfMedians } from './statistics.ts';

test('median and its deviation', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.ok(Number.isNaN(median([])));
  assert.equal(medianDeviation([1, 1, 2, 2, 4, 6, 9]), 1);
});

test('quantile is the nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, i) => i + 1);
  assert.equal(quantile(values, 0.5), 50);
  assert.equal(quantile(values, 0.99), 99);
  assert.equal(quantile(values, 1), 100);
  assert.equal(quantile(values, 0), 1);
});

test('the interval of a ratio is narrow when rounds move together, however much they move', () => {
  const base = [10, 14, 11, 19, 12, 10, 15];
  const { ratio, low, high } = ratioOfMedians(
    base.map(value => value * 1.5),
    base,
  );
  for (const value of [ratio, low, high]) assert.ok(Math.abs(value - 1.5) < 1e-9, String(value));
});

test('the interval of a ratio holds the truth in nearly all of 200 noisy runs', () => {
  const random = mulberry32(7);
  const noisy = (centre: number) => Array.from({ length: 9 }, () => centre * (0.95 + random() * 0.1));
  const held = Array.from({ length: 200 }, () => ratioOfMedians(noisy(12), noisy(10))).filter(
    ({ low, high }) => low <= 1.2 && 1.2 <= high,
  ).length;
  assert.ok(held >= 170, `${held} of 200`);
});
