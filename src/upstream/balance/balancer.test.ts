// What every strategy promises, however it chooses.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type SampleEndpoint as Sample, sampleEndpoints } from '../../../test/support/sample-endpoints.ts';
import { hashText } from '../../base/hash.ts';
import { Random } from '../../base/random.ts';
import { type BalanceName, createBalancer } from './balancer.ts';

const names: readonly BalanceName[] = ['p2c', 'roundRobin', 'leastRequest', 'peakEwma', 'random', 'ringHash', 'maglev'];

for (const name of names) {
  describe(name, () => {
    test('one endpoint is picked while it is available', () => {
      const [only] = sampleEndpoints([3]);
      const balancer = createBalancer(name, [only!]);
      assert.equal(balancer.pick(1, null), only);
      assert.equal(balancer.pick(1, [only!]), only);
      only!.available = false;
      assert.equal(balancer.pick(1, null), undefined);
      assert.equal(createBalancer(name, []).pick(1, null), undefined);
    });

    test('an endpoint of weight 0 is never picked', () => {
      const endpoints = sampleEndpoints([1, 0, 1]);
      const balancer = createBalancer(name, endpoints);
      for (let n = 0; n < 300; n++) assert.notEqual(balancer.pick(hashText(`${n}`), null), endpoints[1]);
      for (const endpoint of endpoints) endpoint.available = endpoint === endpoints[1];
      assert.equal(balancer.pick(0, null), undefined);
    });

    test('a backup is picked only when no other endpoint is left, and moves no key', () => {
      const endpoints = sampleEndpoints([1, 2, 1, 1, 3]);
      const [one, two, three, backup, spare] = endpoints as [Sample, Sample, Sample, Sample, Sample];
      backup.backup = true;
      spare.backup = true;
      const settings = { zone: 'here', subset: 1, instance: 'a', now: () => 0 };
      const balancer = createBalancer(name, endpoints, new Random(7), settings);
      const without = createBalancer(name, [one, two, three], new Random(7), settings);
      const hashes = Array.from({ length: 200 }, (_, n) => hashText(`${n}`));
      for (const hash of hashes) assert.equal(balancer.pick(hash, null), without.pick(hash, null));
      one.available = false;
      for (const hash of hashes) assert.ok([two, three].includes(balancer.pick(hash, null)!));
      for (const hash of hashes) assert.ok([backup, spare].includes(balancer.pick(hash, [two, three])!));
      assert.ok([two, three].includes(balancer.pick(1, [two, three, backup, spare])!));
      two.available = false;
      three.available = false;
      for (const hash of hashes) assert.ok([backup, spare].includes(balancer.pick(hash, null)!));
      assert.equal(balancer.pick(1, [backup]), spare);
      backup.available = false;
      spare.available = false;
      assert.equal(balancer.pick(1, null), undefined);
    });

    test('picks what is available, avoids what was tried, gives up only when nothing is available', () => {
      const endpointOf = fc.record({
        weight: fc.integer({ min: 1, max: 9 }),
        available: fc.boolean(),
        tried: fc.boolean(),
        inFlight: fc.integer({ min: 0, max: 5 }),
      });
      const property = fc.property(
        fc.array(endpointOf, { minLength: 2, maxLength: 7 }),
        fc.array(fc.integer({ min: 0, max: 0xffffffff }), { minLength: 5, maxLength: 5 }),
        (specs, hashes) => {
          const endpoints = sampleEndpoints(specs.map(({ weight }) => weight));
          const balancer = createBalancer(name, endpoints, new Random(hashes[0]));
          for (const [i, endpoint] of endpoints.entries()) {
            endpoint.available = specs[i]!.available;
            endpoint.inFlight = specs[i]!.inFlight;
          }
          const tried = endpoints.filter((_, i) => specs[i]!.tried);
          const available = endpoints.filter(endpoint => endpoint.available);
          const fresh = available.filter(endpoint => !tried.includes(endpoint));
          for (const hash of hashes) {
            const picked = balancer.pick(hash, tried.length === 0 ? null : tried);
            if (fresh.length > 0) assert.ok(picked !== undefined && fresh.includes(picked));
            else if (available.length > 0) assert.ok(picked !== undefined && available.includes(picked));
            else assert.equal(picked, undefined);
          }
        },
      );
      // Because: each run of maglev fills a table of 65,537 slots.
      fc.assert(property, { numRuns: name === 'maglev' ? 50 : 300 });
    });
  });
}
