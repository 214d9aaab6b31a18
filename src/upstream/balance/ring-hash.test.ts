// Shares on the ring, and how few keys move when it changes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countPicks, sampleEndpoints } from '../../../test/support/sample-endpoints.ts';
import { hashText } from '../../base/hash.ts';
import { RING_POINTS_MAX, RingHash } from './ring-hash.ts';

const KEYS = 50_000;
const hashes = Array.from({ length: KEYS }, (_, n) => hashText(`user-${n}`));
const hashOf = (n: number) => hashes[n]!;
const ownersOn = (ring: RingHash<ReturnType<typeof sampleEndpoints>[number]>) =>
  hashes.map(hash => ring.pick(hash, null)?.key);

test('shares follow the weights to within a fifth', () => {
  for (const weights of [new Array<number>(10).fill(1), [1, 2, 3, 4], [50, 100, 100]]) {
    const endpoints = sampleEndpoints(weights);
    const counts = countPicks(new RingHash(endpoints), endpoints, KEYS, hashOf);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const [i, count] of counts.entries()) {
      const share = (count / KEYS) * (total / weights[i]!);
      assert.ok(share > 0.8 && share < 1.2, `endpoint ${i} of ${weights}: ${share}`);
    }
  }
});

test('when one of N leaves only its keys move, and nearly all the others share them', () => {
  for (const count of [3, 10, 50]) {
    const endpoints = sampleEndpoints(new Array<number>(count).fill(1));
    const before = ownersOn(new RingHash(endpoints));
    const after = ownersOn(new RingHash(endpoints.slice(1)));
    const heirs = new Set<string | undefined>();
    let moved = 0;
    for (const [n, owner] of before.entries()) {
      if (owner === endpoints[0]!.key) heirs.add(after[n]);
      else assert.equal(after[n], owner);
      if (after[n] !== owner) moved++;
    }
    assert.ok(moved < (1.25 * KEYS) / count, `${moved} of ${KEYS} moved`);
    assert.ok(heirs.size >= 0.9 * (count - 1), `${heirs.size} heirs of ${count - 1}`);
  }
});

test('when one joins, keys move to it only', () => {
  const endpoints = sampleEndpoints(new Array<number>(10).fill(1));
  const before = ownersOn(new RingHash(endpoints.slice(1)));
  const after = ownersOn(new RingHash(endpoints));
  let moved = 0;
  for (const [n, owner] of after.entries()) {
    if (owner === before[n]) continue;
    assert.equal(owner, endpoints[0]!.key);
    moved++;
  }
  assert.ok(moved > (0.75 * KEYS) / 10 && moved < (1.25 * KEYS) / 10, `${moved}`);
});

test('one that is unavailable gives up its keys as if it had left, and gets them back', () => {
  const endpoints = sampleEndpoints(new Array<number>(8).fill(1));
  const ring = new RingHash(endpoints);
  const before = ownersOn(ring);
  endpoints[3]!.available = false;
  assert.deepEqual(ownersOn(ring), ownersOn(new RingHash(endpoints.filter((_, i) => i !== 3))));
  endpoints[3]!.available = true;
  assert.deepEqual(ownersOn(ring), before);
});

test('the order of the endpoints does not count', () => {
  const endpoints = sampleEndpoints([1, 2, 3, 1, 1]);
  assert.deepEqual(ownersOn(new RingHash(endpoints)), ownersOn(new RingHash(endpoints.toReversed())));
});

test('the points are bounded, and every endpoint has one', () => {
  assert.equal(new RingHash(sampleEndpoints([100, 100])).size, 512);
  for (const weights of [new Array<number>(1000).fill(1), [1, 1_000_000], [99, 100, 101], [0.5, 0.001]]) {
    const { size } = new RingHash(sampleEndpoints(weights));
    assert.ok(size <= RING_POINTS_MAX + weights.length && size >= weights.length, `${size}`);
  }
});

test('a hash behind the last point belongs to the first', () => {
  const ring = new RingHash(sampleEndpoints([1, 1, 1]));
  assert.notEqual(ring.pick(0xffffffff, null), undefined);
  assert.equal(ring.pick(0xffffffff, null), ring.pick(0, null));
});
