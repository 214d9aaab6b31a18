import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type SampleEndpoint, sampleEndpoints } from '../../../test/support/sample-endpoints.ts';
import { Random } from '../../base/random.ts';
import { type BalanceName, createBalancer } from './balancer.ts';

const settings = { zone: 'here', subset: 0, instance: '', now: () => 0 };

function zoned(near: number, far: number): SampleEndpoint[] {
  return sampleEndpoints(new Array<number>(near + far).fill(1)).map((endpoint, i) => ({
    ...endpoint,
    zone: i < near ? 'here' : 'there',
  }));
}

function farShare(endpoints: readonly SampleEndpoint[], picks = 4_000, name: BalanceName = 'p2c'): number {
  const balancer = createBalancer(name, endpoints, new Random(1), settings);
  let far = 0;
  for (let i = 0; i < picks; i++) if (balancer.pick(0, null)!.zone === 'there') far++;
  return far / picks;
}

describe('the own zone', () => {
  test('carries all while it is healthy and not busy', () => {
    for (const name of ['p2c', 'roundRobin', 'leastRequest', 'random', 'peakEwma'] as const) {
      assert.equal(farShare(zoned(2, 8), 500, name), 0, name);
    }
  });

  test('is left as far as too few of it are healthy', () => {
    const endpoints = zoned(10, 10);
    for (const [down, expected] of [
      [2, 0],
      [5, 0.3],
      [8, 0.72],
      [10, 1],
    ] as const) {
      for (const [i, endpoint] of endpoints.entries()) endpoint.available = i >= down;
      const share = farShare(endpoints);
      assert.ok(Math.abs(share - expected) < 0.03, `${down} down: ${share}`);
    }
  });

  test('is left where it is more than twice as busy, and some requests more', () => {
    const endpoints = zoned(2, 2);
    for (const [near, far, expected] of [
      [4, 0, 0],
      [5, 0, 1],
      [40, 18, 0],
      [41, 18, 1],
    ] as const) {
      for (const endpoint of endpoints) endpoint.inFlight = endpoint.zone === 'here' ? near : far;
      assert.equal(farShare(endpoints, 200), expected, `${near} ${far}`);
    }
  });

  test('without endpoints of its own, or with nothing else, a gateway balances over all', () => {
    assert.equal(farShare(zoned(0, 3), 100), 1);
    assert.equal(farShare(zoned(3, 0), 100), 0);
  });

  test('whatever is available is found, what was tried is avoided while there is another', () => {
    const one = fc.record({ here: fc.boolean(), available: fc.boolean(), tried: fc.boolean(), inFlight: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 6 }), fc.integer(), fc.nat(3), (specs, seed, subset) => {
        const endpoints = sampleEndpoints(specs.map(() => 1)).map((endpoint, i) => {
          const { here, available, inFlight } = specs[i]!;
          return { ...endpoint, zone: here ? 'here' : 'there', available, inFlight };
        });
        const balancer = createBalancer('p2c', endpoints, new Random(seed), { ...settings, subset });
        const tried = endpoints.filter((_, i) => specs[i]!.tried);
        const available = endpoints.filter(each => each.available);
        const untried = available.filter(each => !tried.includes(each));
        for (let n = 0; n < 20; n++) {
          const picked = balancer.pick(0, tried);
          if (available.length === 0) assert.equal(picked, undefined);
          else assert.ok((untried.length > 0 ? untried : available).includes(picked!));
        }
      }),
    );
  });
});
