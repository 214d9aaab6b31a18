// The adaptive limit against simulated servers, in virtual time and with fixed seeds: it finds the capacity, keeps the latency near the
// best, follows changes, and stays within its bounds whatever happens.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Random } from '../../base/random.ts';
import { ADAPTIVE_TIMES, ADAPTIVE_WORDS, AdaptiveLimit } from './adaptive-limit.ts';

function limitOf(min: number, max: number): AdaptiveLimit {
  return new AdaptiveLimit({ min, max }, new Int32Array(ADAPTIVE_WORDS), 0, new Float64Array(ADAPTIVE_TIMES), 0);
}

interface Backend {
  /** Requests that the backend works on at once; further ones wait. */
  readonly capacity: number;
  /** Mean time for one request alone. */
  readonly serviceMs: number;
}

/**
 * Requests arrive at `rate` a second (Poisson) and are refused when the limit is reached. A backend works on the oldest requests up to its
 * capacity. Steps of a millisecond.
 */
function simulate(
  limit: AdaptiveLimit,
  rate: (now: number) => number,
  backend: (now: number) => Backend,
  untilMs: number,
  seed = 5,
): { done: number; refused: number; latencies: number[]; limits: number[] } {
  const random = new Random(seed);
  const running: { since: number; left: number }[] = [];
  const latencies: number[] = [];
  const limits: number[] = [];
  let refused = 0;
  for (let now = 1; now < untilMs; now++) {
    const { capacity, serviceMs } = backend(now);
    for (let left = arrivals(random, rate(now) / 1_000); left > 0; left--) {
      if (running.length >= limit.limit) refused++;
      else running.push({ since: now, left: serviceMs * (0.5 + random.unit()) });
    }
    // In the order of arrival: the backend works on the first ones, the others wait.
    for (let i = 0; i < Math.min(capacity, running.length); i++) running[i]!.left -= 1;
    for (let i = running.length - 1; i >= 0; i--) {
      const { since, left } = running[i]!;
      if (left > 0) continue;
      latencies.push(now - since);
      limit.answered(now - since, running.length, now);
      running.splice(i, 1);
    }
    limits.push(limit.limit);
  }
  return { done: latencies.length, refused, latencies, limits };
}

/** Number of arrivals in a step with `expected` on average: Poisson, by Knuth's multiplication. */
function arrivals(random: Random, expected: number): number {
  const bound = Math.exp(-expected);
  let count = 0;
  for (let product = random.unit(); product > bound; product *= random.unit()) count++;
  return count;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)]!;
}

describe('a limit that adapts', () => {
  test('finds the capacity of a backend that gets three times as much, and keeps it busy and quick', () => {
    for (const capacity of [10, 40, 100]) {
      const limit = limitOf(4, 1_000);
      const perSecond = (capacity * 1_000) / 20;
      const run = simulate(
        limit,
        () => 3 * perSecond,
        () => ({ capacity, serviceMs: 20 }),
        60_000,
      );
      const settled = run.latencies.slice(run.latencies.length / 4);
      assert.ok(run.done > 0.9 * perSecond * 60, `capacity ${capacity}: ${run.done} of ${perSecond * 60}`);
      assert.ok(p99(settled) < 3 * 30, `capacity ${capacity}: p99 ${p99(settled)}`);
      const last = mean(run.limits.slice(30_000));
      assert.ok(last > 0.8 * capacity && last < 2.5 * capacity, `capacity ${capacity}: limit ${last}`);
    }
  });

  test('refuses nobody while there is capacity for all', () => {
    const run = simulate(
      limitOf(10, 1_000),
      () => 300,
      () => ({ capacity: 40, serviceMs: 20 }),
      60_000,
    );
    assert.ok(run.refused < 0.01 * run.done, `${run.refused} of ${run.done}`);
  });

  test('follows a backend that loses three quarters of its capacity, and that gets it back', () => {
    const limit = limitOf(4, 1_000);
    const capacity = (now: number) => (now > 40_000 && now < 80_000 ? 10 : 40);
    const run = simulate(
      limit,
      () => 4_000,
      now => ({ capacity: capacity(now), serviceMs: 20 }),
      120_000,
    );
    assert.ok(mean(run.limits.slice(30_000, 40_000)) > 35);
    assert.ok(mean(run.limits.slice(60_000, 80_000)) < 27, String(mean(run.limits.slice(60_000, 80_000))));
    assert.ok(mean(run.limits.slice(105_000)) > 35, String(mean(run.limits.slice(105_000))));
  });

  test('takes a backend that became slower for what it is, within two memories', () => {
    const limit = limitOf(4, 1_000);
    const serviceMs = (now: number) => (now > 30_000 ? 60 : 20);
    const run = simulate(
      limit,
      () => 6_000,
      now => ({ capacity: 40, serviceMs: serviceMs(now) }),
      150_000,
    );
    const last = mean(run.limits.slice(110_000));
    assert.ok(last > 0.8 * 40 && last < 2.5 * 40, String(last));
  });

  test('shrinks when answers stop coming, and recovers', () => {
    const limit = limitOf(4, 1_000);
    simulate(
      limit,
      () => 3_000,
      () => ({ capacity: 40, serviceMs: 20 }),
      20_000,
    );
    for (let now = 20_001; now < 25_000; now++) limit.failed(now);
    assert.equal(limit.limit, 4);
  });

  test('stays within its bounds whatever is observed, and is the same for the same observations', () => {
    const event = fc.record({
      wait: fc.integer({ min: 0, max: 500 }),
      ms: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constant(1e9), fc.constant(0)),
      inFlight: fc.nat(2_000),
      failed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 400, size: 'max' }), fc.integer({ min: 1, max: 50 }), (events, min) => {
        const a = limitOf(min, min + 100);
        const b = limitOf(min, min + 100);
        let now = 1;
        for (const { wait, ms, inFlight, failed } of events) {
          now += wait;
          for (const each of [a, b]) {
            if (failed) each.failed(now);
            else each.answered(ms, inFlight, now);
          }
          assert.ok(a.limit >= min && a.limit <= min + 100, String(a.limit));
          assert.equal(a.limit, b.limit);
        }
      }),
      { numRuns: 50 },
    );
  });
});

test('a worker that is ended while it closes a window does not hold the limit where it is for the others', () => {
  const words = new Int32Array(ADAPTIVE_WORDS);
  const limit = new AdaptiveLimit({ min: 5, max: 100 }, words, 0, new Float64Array(ADAPTIVE_TIMES), 0);
  const answers = (from: number, to: number) => {
    for (let now = from; now < to; now++) limit.answered(5, limit.limit, now);
  };
  answers(1, 1_000);
  const before = limit.limit;
  assert.ok(before > 5, String(before));
  // Because: the lock is the last word, and the thread that took it is gone.
  words[ADAPTIVE_WORDS - 1] = 1;
  answers(1_000, 1_900);
  assert.equal(limit.limit, before, 'it may still come back');
  answers(1_900, 4_000);
  assert.ok(limit.limit > before, `${limit.limit} after ${before}`);
  assert.equal(words[ADAPTIVE_WORDS - 1], 0);
});
