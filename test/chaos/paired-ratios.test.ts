// The statistics of the chaos tests: noise alone is not taken for an effect, and a real effect is found.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/base/random.ts';
import { pairedRatios } from './paired-ratios.ts';

function measured(factor: number, pairs: number, random: Random) {
  // A machine with varying noise that sometimes doubles a measurement.
  const noisy = (base: number) => base * (0.8 + 0.4 * random.unit()) * (random.unit() < 0.2 ? 2 : 1);
  const before = Array.from({ length: pairs + 1 }, () => noisy(5));
  return pairedRatios(
    before,
    Array.from({ length: pairs }, () => noisy(5 * factor)),
  );
}

test('noise alone is rarely taken for more than a tenth, and twice as much nearly always is found', () => {
  const random = new Random(7);
  let convicted = 0;
  let found = 0;
  for (let n = 0; n < 500; n++) {
    if (measured(1, 10, random).low > 1.1) convicted++;
    if (measured(2, 10, random).low > 1.1) found++;
  }
  assert.ok(convicted <= 2, String(convicted));
  assert.ok(found > 400, String(found));
});

test('the median and its bounds', () => {
  const flat = pairedRatios(
    new Array<number>(11).fill(2),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(n => 2 * n),
  );
  assert.deepEqual(flat, { median: 5.5, low: 2, high: 9 });
  assert.deepEqual(pairedRatios([1, 1, 1], [3, 5]), { median: 4, low: 3, high: 5 });
});
