// Every algorithm against its simple reference in exact rationals: any limit, any costs, clocks that step back, ticks that wrap around.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMeter } from './create-meter.ts';
import { exactReference } from './exact-references.fixture.ts';
import { algorithms, type LimitRule } from './limit-rule.ts';
import { MeterAnswer, STEP_BACK_MAX_MS } from './meter.ts';
import { TickScale } from './tick-scale.ts';
import { WINDOW_TICKS, WindowScale } from './window-scale.ts';

const periods = [1_000, 60_000, 3_600_000, 86_400_000, 31 * 86_400_000];

const limits = fc.record({
  count: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 13, max: 2_000 })),
  perMs: fc.constantFrom(...periods),
  burst: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 13, max: 4_000 })),
});

/** Parts of a window that pass before each request: mostly few, sometimes negative, sometimes more than any state lasts. */
const steps = fc.array(
  fc.record({
    passes: fc.oneof(
      { weight: 4, arbitrary: fc.constant(0) },
      { weight: 8, arbitrary: fc.double({ min: 0, max: 0.2, noNaN: true }) },
      { weight: 2, arbitrary: fc.double({ min: 0, max: 3, noNaN: true }) },
      { weight: 2, arbitrary: fc.double({ min: -0.4, max: 0, noNaN: true }) },
      { weight: 1, arbitrary: fc.integer({ min: 10, max: 5_000 }) },
    ),
    cost: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 20 }) }),
    charges: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  }),
  { minLength: 1, maxLength: 80, size: 'max' },
);

/** Whole ticks since 0, computed exactly. */
function exactTick(rule: LimitRule, ticksPerUnit: number, nowMs: number): bigint {
  const isWindow = rule.algorithm.includes('indow') || rule.algorithm === 'slidingLog';
  const ticksPerPeriod = isWindow ? WINDOW_TICKS : rule.count * ticksPerUnit;
  return (BigInt(nowMs) * BigInt(ticksPerPeriod)) / BigInt(rule.perMs);
}

for (const algorithm of algorithms) {
  test(`${algorithm} decides as its exact reference`, () => {
    const starts = fc.integer({ min: 0, max: 2 ** 41 });
    fc.assert(
      fc.property(limits, starts, steps, (numbers, start, requests) => {
        const rule: LimitRule = { ...numbers, algorithm, identity: '' };
        const { ticksPerUnit } = new TickScale(rule.count, rule.perMs, rule.burst);
        const meter = createMeter(rule);
        let reference = exactReference(rule, ticksPerUnit);
        const words = new Int32Array(meter.stateWords + 2).fill(0x5a5a5a5a);
        const answer = new MeterAnswer();
        let now = start;
        let touched = Number.NEGATIVE_INFINITY;
        for (const { passes, cost, charges } of requests) {
          now = Math.max(0, now + Math.round(passes * rule.perMs));
          const tick = meter.tickAt(now);
          const ideal = exactTick(rule, ticksPerUnit, now);
          // Because: where a product is beyond 2^53, the last tick is rounded; the decision then has to be right for the rounded tick.
          const rounded = (tick - Number(BigInt.asIntN(32, ideal))) | 0;
          assert.ok(Math.abs(rounded) <= (rule.perMs <= 3_600_000 ? 0 : 1), 'ticks are exact');
          const exact = ideal + BigInt(rounded);
          // Because: the table does the same for a caller who was away for long, and when the clock made a large step back.
          const isStale = now - touched > meter.recoveryMs;
          const steppedBack = touched - now > STEP_BACK_MAX_MS;
          const found = words.slice();
          if (isStale || steppedBack) meter.clear(words, 1, tick);
          if (steppedBack) {
            reference = exactReference(rule, ticksPerUnit);
            touched = now;
          }
          if (charges) {
            meter.take(words, 1, tick, cost);
            reference.charge(exact, cost);
            touched = Math.max(now, touched);
            continue;
          }
          const before = words.slice();
          const fits = meter.fits(words, 1, tick, cost, answer);
          assert.deepEqual(words, before, 'asking changes nothing');
          assert.equal(fits, reference.decide(exact, cost));
          assert.ok(answer.remaining >= 0 && Number.isInteger(answer.remaining));
          assert.equal(answer.waitMs === 0, fits);
          assert.equal(answer.waitMs === Number.POSITIVE_INFINITY, !fits && cost > meter.costMax);
          assert.ok(fits || cost > meter.costMax || cost > answer.remaining || answer.waitMs > 0);
          if (!fits) {
            // Because: the reference knows of nobody who is forgotten, and the clock may step back to before the caller was.
            if (!steppedBack) words.set(found);
            continue;
          }
          meter.take(words, 1, tick, cost);
          touched = Math.max(now, touched);
        }
        assert.equal(words[0], 0x5a5a5a5a, 'a state stays within its words');
        assert.equal(words.at(-1), 0x5a5a5a5a, 'a state stays within its words');
      }),
      { numRuns: 400 },
    );
  });

  test(`${algorithm} tells truly how long to wait and what is left`, () => {
    fc.assert(
      fc.property(limits, steps, (numbers, requests) => {
        const rule: LimitRule = { ...numbers, algorithm, identity: '' };
        const meter = createMeter(rule);
        const words = new Int32Array(meter.stateWords);
        const answer = new MeterAnswer();
        let now = 10_000_000_000;
        meter.clear(words, 0, meter.tickAt(now));
        for (const { passes, cost } of requests) {
          if (passes < 0 || passes > 3) continue;
          now += passes * rule.perMs;
          const tick = meter.tickAt(now);
          if (passes * rule.perMs > meter.recoveryMs) meter.clear(words, 0, tick);
          if (meter.fits(words, 0, tick, cost, answer)) {
            meter.take(words, 0, tick, cost);
            const { remaining } = answer;
            if (remaining > 0) assert.ok(meter.fits(words, 0, tick, remaining, answer), 'what is left can be taken');
            assert.ok(!meter.fits(words, 0, tick, remaining + 1, answer), 'and no more than that');
          } else if (cost <= meter.costMax) {
            const { waitMs } = answer;
            const inUnits = algorithm === 'gcra' || algorithm === 'tokenBucket';
            const scale = inUnits ? new TickScale(rule.count, rule.perMs, rule.burst) : new WindowScale(rule.perMs);
            const ticksMs = 2 * scale.msPerTick + 0.01;
            assert.ok(
              meter.fits(words, 0, meter.tickAt(now + waitMs + ticksMs), cost, answer),
              'after the wait it fits',
            );
            if (waitMs > 2 * ticksMs)
              assert.ok(!meter.fits(words, 0, meter.tickAt(now + waitMs - ticksMs), cost, answer), 'and not before');
          }
        }
      }),
      { numRuns: 300 },
    );
  });
}

test('gcra and tokenBucket admit the same', () => {
  fc.assert(
    fc.property(limits, steps, (numbers, requests) => {
      const gcra = createMeter({ ...numbers, algorithm: 'gcra', identity: '' });
      const bucket = createMeter({ ...numbers, algorithm: 'tokenBucket', identity: '' });
      const [one, two] = [new Int32Array(1), new Int32Array(2)];
      const [first, second] = [new MeterAnswer(), new MeterAnswer()];
      let now = 1_000_000_000;
      gcra.clear(one, 0, gcra.tickAt(now));
      bucket.clear(two, 0, bucket.tickAt(now));
      for (const { passes, cost } of requests) {
        if (passes < 0 || passes > 3) continue;
        now += passes * numbers.perMs;
        const tick = gcra.tickAt(now);
        if (passes * numbers.perMs > gcra.recoveryMs) {
          gcra.clear(one, 0, tick);
          bucket.clear(two, 0, tick);
        }
        const admitted = gcra.fits(one, 0, tick, cost, first);
        assert.equal(bucket.fits(two, 0, tick, cost, second), admitted);
        assert.deepEqual(second, first);
        if (!admitted) continue;
        gcra.take(one, 0, tick, cost);
        bucket.take(two, 0, tick, cost);
      }
    }),
  );
});

test('ticks never run back while time runs forward, and lose less than one tick', () => {
  const times = fc.tuple(
    fc.double({ min: 0, max: 2 ** 41, noNaN: true }),
    fc.double({ min: 0, max: 1e6, noNaN: true }),
  );
  fc.assert(
    fc.property(limits, times, ({ count, perMs, burst }, [now, later]) => {
      for (const scale of [new TickScale(count, perMs, burst), new WindowScale(perMs)]) {
        const passed = (scale.tickAt(now + later) - scale.tickAt(now)) | 0;
        if (later / scale.msPerTick > 2 ** 30) continue;
        assert.ok(passed >= 0);
        const real = (now + later - now) / scale.msPerTick;
        assert.ok(Math.abs(passed - real) <= 1.1, `${passed} ticks in ${real}`);
      }
    }),
  );
});

test('what callers are told of the time until their budget is whole is so, to a few milliseconds', () => {
  const asked = fc.array(fc.record({ waitMs: fc.nat(40_000), cost: fc.integer({ min: 1, max: 4 }) }), {
    minLength: 1,
    maxLength: 30,
    size: 'max',
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...algorithms),
      fc.integer({ min: 4, max: 20 }),
      fc.nat(10 ** 9),
      asked,
      (algorithm, count, start, calls) => {
        const meter = createMeter({ identity: '', algorithm, count, perMs: 60_000, burst: count });
        const words = new Int32Array(meter.stateWords);
        const answer = new MeterAnswer();
        let now = start;
        meter.clear(words, 0, meter.tickAt(now));
        for (const { waitMs, cost } of calls) {
          now += waitMs;
          const tick = meter.tickAt(now);
          const admitted = meter.fits(words, 0, tick, cost, answer);
          if (admitted) meter.take(words, 0, tick, cost);
          const { resetMs, waitMs: untilFit } = answer;
          const isWhole = (atMs: number) => meter.fits(words, 0, meter.tickAt(atMs), meter.costMax, answer);
          assert.equal(isWhole(now + resetMs + 3), true, `${algorithm}: whole after ${resetMs}`);
          assert.equal(isWhole(now + resetMs - 3), false, `${algorithm}: not before ${resetMs}`);
          const fits = (atMs: number) => meter.fits(words, 0, meter.tickAt(atMs), cost, answer);
          if (admitted) assert.equal(untilFit, 0);
          else
            assert.deepEqual(
              [fits(now + untilFit + 3), fits(now + untilFit - 3)],
              [true, false],
              `${algorithm}: fits after ${untilFit}`,
            );
        }
      },
    ),
    { numRuns: 500 },
  );
});
