// Random draws follow the weights, also when some endpoints are unavailable. Fixed seeds: the same outcome every run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chiSquare, countPicks, sampleEndpoints } from '../../../test/support/sample-endpoints.ts';
import { Random } from '../../base/random.ts';
import { RandomChoice } from './random-choice.ts';

/** A fair draw exceeds this value of chi-square once in a thousand times; by degrees of freedom. */
const criticalAt: Record<number, number> = { 2: 13.8, 3: 16.3, 9: 27.9 };

test('picks in proportion to weight', () => {
  for (const weights of [[1, 1, 1, 1], [1, 2, 3, 94], [5, 1, 1], Array.from({ length: 10 }, (_, i) => i + 1)]) {
    for (const seed of [1, 2, 3]) {
      const endpoints = sampleEndpoints(weights);
      const counts = countPicks(new RandomChoice(endpoints, new Random(seed)), endpoints, 100_000);
      const statistic = chiSquare(counts, weights);
      assert.ok(statistic < criticalAt[weights.length - 1]!, `${weights}, seed ${seed}: ${counts}, ${statistic}`);
    }
  }
});

test('those that are left keep their proportion', () => {
  const endpoints = sampleEndpoints([4, 1, 2, 3]);
  endpoints[0]!.available = false;
  const counts = countPicks(new RandomChoice(endpoints, new Random(1)), endpoints, 60_000);
  assert.equal(counts[0], 0);
  assert.ok(chiSquare(counts.slice(1), [1, 2, 3]) < criticalAt[2]!, `${counts}`);
});
