// Round-robin is exact, and spreads a heavy endpoint's turns.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countPicks, sampleEndpoints } from '../../../test/support/sample-endpoints.ts';
import { RoundRobin } from './round-robin.ts';

const letters = (weights: number[], picks: number) => {
  const endpoints = sampleEndpoints(weights);
  const balancer = new RoundRobin(endpoints);
  return Array.from({ length: picks }, () => 'abcdef'[endpoints.indexOf(balancer.pick(0, null)!)]).join('');
};

test('the published order of smooth weighted round-robin', () => {
  assert.equal(letters([5, 1, 1], 14), 'aabacaaaabacaa');
  assert.equal(letters([1, 1, 1], 7), 'abcabca');
});

test('every whole cycle gives each endpoint exactly its weight', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 0, max: 200 }),
      (weights, before) => {
        const endpoints = sampleEndpoints(weights);
        const balancer = new RoundRobin(endpoints);
        for (let n = 0; n < before; n++) balancer.pick(0, null);
        const cycle = weights.reduce((sum, weight) => sum + weight, 0);
        assert.deepEqual(countPicks(balancer, endpoints, cycle), weights);
      },
    ),
  );
});

test('while one is out the others share by weight, and it has saved up nothing when it comes back', () => {
  const endpoints = sampleEndpoints([2, 1, 1]);
  const balancer = new RoundRobin(endpoints);
  endpoints[0]!.available = false;
  assert.deepEqual(countPicks(balancer, endpoints, 100), [0, 50, 50]);
  endpoints[0]!.available = true;
  assert.deepEqual(countPicks(balancer, endpoints, 40), [20, 10, 10]);
});
