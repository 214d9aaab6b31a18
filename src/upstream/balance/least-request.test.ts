// Always picks the fewest requests under way for the weight; ties go by weight.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { chiSquare, countPicks, sampleEndpoints } from '../../../test/support/sample-endpoints.ts';
import { Random } from '../../base/random.ts';
import { LeastRequest } from './least-request.ts';

test('nobody available has less in flight for its weight than the one picked', () => {
  const spec = fc.record({ weight: fc.integer({ min: 1, max: 5 }), inFlight: fc.nat(20), available: fc.boolean() });
  fc.assert(
    fc.property(fc.array(spec, { minLength: 1, maxLength: 8 }), specs => {
      const endpoints = sampleEndpoints(specs.map(({ weight }) => weight));
      for (const [i, endpoint] of endpoints.entries()) {
        endpoint.inFlight = specs[i]!.inFlight;
        endpoint.available = specs[i]!.available;
      }
      const picked = new LeastRequest(endpoints, new Random(1)).pick(0, null);
      const available = endpoints.filter(endpoint => endpoint.available);
      const least = Math.min(...available.map(({ inFlight, weight }) => inFlight / weight));
      assert.equal(picked === undefined ? Number.POSITIVE_INFINITY : picked.inFlight / picked.weight, least);
    }),
  );
});

test('an idle upstream follows the weights', () => {
  const endpoints = sampleEndpoints([5, 3, 2]);
  const counts = countPicks(new LeastRequest(endpoints, new Random(1)), endpoints, 50_000);
  // A fair draw exceeds this once in a thousand times, with two degrees of freedom.
  assert.ok(chiSquare(counts, [5, 3, 2]) < 13.8, `${counts}`);
});

test('requests that never end settle in proportion to weight', () => {
  const endpoints = sampleEndpoints([4, 2, 1]);
  const balancer = new LeastRequest(endpoints, new Random(1));
  for (let n = 0; n < 700; n++) balancer.pick(0, null)!.inFlight++;
  assert.deepEqual(
    endpoints.map(({ inFlight }) => inFlight),
    [400, 200, 100],
  );
});
