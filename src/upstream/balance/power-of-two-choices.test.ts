// Two draws: by weight when idle, near even under load, and away from the slow one. Fixed seeds: the same outcome every run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chiSquare, countPicks, sampleEndpoints } from '../../../test/support/sample-endpoints.ts';
import { Random } from '../../base/random.ts';
import { PowerOfTwoChoices } from './power-of-two-choices.ts';
import { RandomChoice } from './random-choice.ts';

test('an idle upstream is picked in proportion to weight', () => {
  for (const [weights, critical] of [
    [[1, 1, 1, 1], 16.3],
    [[3, 1, 1], 13.8],
    [[90, 10], 10.8],
  ] as const) {
    const endpoints = sampleEndpoints(weights);
    const counts = countPicks(new PowerOfTwoChoices(endpoints, new Random(1)), endpoints, 50_000);
    // A fair draw exceeds this once in a thousand times.
    assert.ok(chiSquare(counts, weights) < critical, `${weights}: ${counts}`);
  }
});

test('of two it always takes the less loaded', () => {
  const endpoints = sampleEndpoints([1, 1]);
  endpoints[0]!.inFlight = 1;
  assert.deepEqual(countPicks(new PowerOfTwoChoices(endpoints, new Random(1)), endpoints, 1000), [0, 1000]);
  const weighted = sampleEndpoints([10, 1]);
  weighted[0]!.inFlight = 9;
  weighted[1]!.inFlight = 1;
  assert.deepEqual(countPicks(new PowerOfTwoChoices(weighted, new Random(1)), weighted, 1000), [1000, 0]);
});

test('requests that stay spread far more evenly than by one draw', () => {
  const spreadOf = (Strategy: typeof PowerOfTwoChoices | typeof RandomChoice) => {
    const endpoints = sampleEndpoints(new Array<number>(50).fill(1));
    const balancer = new Strategy(endpoints, new Random(5));
    for (let n = 0; n < 50_000; n++) balancer.pick(0, null)!.inFlight++;
    return Math.max(...endpoints.map(({ inFlight }) => inFlight)) - 1000;
  };
  // The maximum is ln ln n / ln 2 + O(1) above the mean, against about sqrt(2 m ln n / n) for single draws (Mitzenmacher, 2001).
  assert.ok(spreadOf(PowerOfTwoChoices) <= 5);
  assert.ok(spreadOf(RandomChoice) > 30);
});

test('an endpoint that answers slowly gets less', () => {
  const endpoints = sampleEndpoints([1, 1, 1, 1]);
  const balancer = new PowerOfTwoChoices(endpoints, new Random(3));
  const taken = [0, 0, 0, 0];
  const underWay: { at: number; endpoint: number }[] = [];
  for (let now = 0; now < 20_000; now++) {
    while (underWay.length > 0 && underWay[0]!.at <= now) endpoints[underWay.shift()!.endpoint]!.inFlight--;
    const index = endpoints.indexOf(balancer.pick(0, null)!);
    taken[index]!++;
    endpoints[index]!.inFlight++;
    underWay.push({ at: now + (index === 0 ? 100 : 10), endpoint: index });
    underWay.sort((a, b) => a.at - b.at);
  }
  assert.ok(taken[0]! < 2000 && Math.min(...taken.slice(1)) > 5000, `${taken}`);
});
