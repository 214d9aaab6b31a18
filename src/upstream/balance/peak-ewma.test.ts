// Peak EWMA against simulated servers: the slow one gets little, one that recovers gets its share again. Fixed seeds.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type SampleEndpoint, sampleEndpoints } from '../../../test/support/sample-endpoints.ts';
import { Random } from '../../base/random.ts';
import type { Balancer } from './balanced.ts';
import { PeakEwma } from './peak-ewma.ts';
import { PeakLatency } from './peak-latency.ts';
import { PowerOfTwoChoices } from './power-of-two-choices.ts';

describe('latency at its peak', () => {
  test('a slow answer counts at once, fast ones take it back over seconds', () => {
    const latency = new PeakLatency();
    latency.answered(10, 1_000);
    latency.answered(500, 1_001);
    assert.equal(latency.value(1_001), 500);
    latency.answered(10, 1_101);
    assert.ok(latency.value(1_101) > 450);
    for (let now = 1_200; now < 31_000; now += 100) latency.answered(10, now);
    assert.ok(latency.value(31_000) < 60, String(latency.value(31_000)));
  });

  test('what is not used is forgotten', () => {
    const latency = new PeakLatency();
    latency.answered(500, 0);
    assert.ok(latency.value(10_000) < 200 && latency.value(60_000) < 2);
  });

  test('failing fast is no virtue', () => {
    const latency = new PeakLatency();
    latency.failed(1, 5);
    assert.ok(latency.value(5) >= 1_000);
  });

  test('the value is never below 0 and never above the highest that came', () => {
    const steps = fc.array(
      fc.record({ ms: fc.integer({ min: 0, max: 10_000 }), wait: fc.integer({ min: 0, max: 5_000 }) }),
    );
    fc.assert(
      fc.property(steps, all => {
        const latency = new PeakLatency();
        let now = 1;
        let highest = 0;
        for (const { ms, wait } of all) {
          now += wait;
          latency.answered(ms, now);
          highest = Math.max(highest, ms);
          const value = latency.value(now);
          assert.ok(value >= ms - 1e-9 && value <= highest, `${value}`);
          // The clock of another thread may be a little behind.
          assert.ok(latency.value(now - 50) <= highest);
        }
      }),
    );
  });
});

/** Simulates one request every millisecond, which takes what `msOf` says for its endpoint. Returns the requests of each endpoint. */
function simulate(
  makeBalancer: (endpoints: readonly SampleEndpoint[], random: Random, now: () => number) => Balancer<SampleEndpoint>,
  msOf: (endpoint: number, now: number) => number,
  durationMs: number,
): { counts: number[]; meanMs: number } {
  const endpoints = sampleEndpoints([1, 1, 1, 1, 1]).map(each => ({ ...each, latency: new PeakLatency() }));
  let now = 1;
  const balancer = makeBalancer(endpoints, new Random(3), () => now);
  const ends: { at: number; endpoint: (typeof endpoints)[number]; ms: number }[] = [];
  const counts = endpoints.map(() => 0);
  let total = 0;
  for (; now < durationMs; now++) {
    for (let i = ends.length - 1; i >= 0; i--) {
      const end = ends[i]!;
      if (end.at > now) continue;
      end.endpoint.inFlight--;
      end.endpoint.latency.answered(end.ms, now);
      ends.splice(i, 1);
    }
    const picked = balancer.pick(0, null)!;
    const index = endpoints.findIndex(({ key }) => key === picked.key);
    const ms = msOf(index, now);
    counts[index]!++;
    total += ms;
    picked.inFlight++;
    ends.push({ at: now + ms, endpoint: endpoints[index]!, ms });
  }
  return { counts, meanMs: total / durationMs };
}

test('the slow endpoint of five gets far less, and callers wait less than with p2c', () => {
  const msOf = (endpoint: number) => (endpoint === 0 ? 400 : 10);
  const peak = simulate((endpoints, random, now) => new PeakEwma(endpoints, random, now), msOf, 20_000);
  const p2c = simulate((endpoints, random) => new PowerOfTwoChoices(endpoints, random), msOf, 20_000);
  assert.ok(peak.counts[0]! < 400, String(peak.counts));
  assert.ok(peak.meanMs < p2c.meanMs, `${peak.meanMs} ${p2c.meanMs}`);
});

test('one that was slow for a while has its share again', () => {
  const slowUntil = 5_000;
  const { counts } = simulate(
    (endpoints, random, now) => new PeakEwma(endpoints, random, now),
    (endpoint, now) => (endpoint === 0 && now < slowUntil ? 300 : 10),
    120_000,
  );
  assert.ok(counts[0]! > 12_000, String(counts));
});
