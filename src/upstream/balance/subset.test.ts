import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sampleEndpoints } from '../../../test/support/sample-endpoints.ts';
import { Random } from '../../base/random.ts';
import { createBalancer } from './balancer.ts';
import { subsetOf } from './subset.ts';

const many = sampleEndpoints(new Array<number>(200).fill(1));

test('the same part for the same gateway in any order; who leaves it is replaced by one', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 50 }), fc.nat(199), (salt, size, gone) => {
      const part = subsetOf(many, size, salt);
      assert.equal(new Set(part).size, size);
      assert.deepEqual(new Set(subsetOf([...many].reverse(), size, salt)), new Set(part));
      const after = new Set(subsetOf(many.toSpliced(gone, 1), size, salt));
      const left = part.filter(each => !after.has(each));
      assert.deepEqual(left, part.includes(many[gone]!) ? [many[gone]] : []);
    }),
    { numRuns: 50 },
  );
});

test('over many gateways every endpoint is in about as many parts', () => {
  const counts = new Map(many.map(({ key }) => [key, 0]));
  for (let gateway = 0; gateway < 500; gateway++) {
    for (const { key } of subsetOf(many, 20, `gateway-${gateway}`)) counts.set(key, counts.get(key)! + 1);
  }
  // 50 on average; binomial with a standard deviation of 6.7, so the bounds are five deviations away.
  for (const count of counts.values()) assert.ok(count > 16 && count < 84, String(count));
});

test('a part of which nothing is available gives way to the rest', () => {
  const endpoints = sampleEndpoints(new Array<number>(10).fill(1));
  const settings = { zone: '', subset: 3, instance: 'a', now: () => 0 };
  const balancer = createBalancer('roundRobin', endpoints, new Random(1), settings);
  const part = subsetOf(endpoints, 3, 'a');
  const picked = () => new Set(Array.from({ length: 60 }, () => balancer.pick(0, null)));
  assert.deepEqual(picked(), new Set(part));
  for (const endpoint of part) endpoint.available = false;
  assert.equal(picked().size, 7);
});
