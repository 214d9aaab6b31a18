// The circuit breaker in virtual time: by example, against a model in random sequences, and as a simulation of several workers.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { breakerSpec } from '../../../test/support/resilience-settings.ts';
import { SharedStates } from '../state/shared-states.ts';
import { TimeCell } from '../state/state-cells.ts';
import { Breaker, BreakerState, REFUSED } from './breaker.ts';

function breakerOf(changes: Parameters<typeof breakerSpec>[0] = {}): Breaker {
  return new Breaker(breakerSpec(changes), new SharedStates(null, 0).claim('upstream users', 0));
}

function fail(breaker: Breaker, times: number, now: number): void {
  for (let n = 0; n < times; n++) breaker.failed(breaker.admit(now), now);
}

describe('by example', () => {
  test('failures in a row open it; a success between begins the row anew', () => {
    const breaker = breakerOf({ failures: 3 });
    fail(breaker, 2, 0);
    breaker.succeeded(breaker.admit(0), 0);
    fail(breaker, 2, 0);
    assert.equal(breaker.state, BreakerState.closed);
    const last = breaker.admit(0);
    assert.equal(breaker.failed(last, 0), true);
    assert.equal(breaker.state, BreakerState.open);
    assert.equal(breaker.admit(29_999), REFUSED);
    assert.equal(breaker.waitMs(10_000), 20_000);
  });

  test('a share of failures opens it once there are enough attempts in the window', () => {
    const breaker = breakerOf({ failures: 0, failureRate: 0.5, minimum: 20 });
    const passes = Array.from({ length: 10 }, () => breaker.admit(0));
    for (const pass of passes) breaker.succeeded(pass, 0);
    fail(breaker, 9, 0);
    assert.equal(breaker.state, BreakerState.closed);
    fail(breaker, 1, 0);
    assert.equal(breaker.state, BreakerState.open);
    const old = breakerOf({ failures: 0, failureRate: 0.5, minimum: 20 });
    fail(old, 19, 0);
    fail(old, 1, 20_000);
    assert.equal(old.state, BreakerState.closed, 'what is older than the window counts no more');
  });

  test('half-open lets so many through; all good closes it, one bad opens it', () => {
    const breaker = breakerOf({ failures: 1, halfOpen: 2 });
    fail(breaker, 1, 0);
    const [one, two] = [breaker.admit(30_000), breaker.admit(30_000)];
    assert.equal(breaker.state, BreakerState.halfOpen);
    assert.equal(breaker.admit(30_000), REFUSED);
    assert.equal(breaker.succeeded(one, 30_001), false);
    assert.equal(breaker.admit(30_001), REFUSED, 'a place that was used is not free again');
    assert.equal(breaker.succeeded(two, 30_002), true);
    assert.equal(breaker.state, BreakerState.closed);
    fail(breaker, 1, 40_000);
    fail(breaker, 1, 70_000);
    assert.equal(breaker.admit(99_999), REFUSED);
  });

  test('what began before it opened decides nothing afterwards', () => {
    const breaker = breakerOf({ failures: 1, halfOpen: 1 });
    const slow = [breaker.admit(0), breaker.admit(0)];
    fail(breaker, 1, 0);
    const probe = breaker.admit(30_000);
    assert.equal(breaker.failed(slow[0]!, 30_001), false);
    assert.equal(breaker.succeeded(slow[1]!, 30_001), false);
    assert.equal(breaker.state, BreakerState.halfOpen);
    assert.equal(breaker.succeeded(probe, 30_002), true);
  });

  test('a probe whose client left gives its place back; one of a dead worker is free after a while', () => {
    const breaker = breakerOf({ failures: 1, halfOpen: 1, openMs: 10_000 });
    fail(breaker, 1, 0);
    breaker.cancelled(breaker.admit(10_000));
    const lost = breaker.admit(10_000);
    assert.notEqual(lost, REFUSED);
    assert.equal(breaker.admit(19_000), REFUSED);
    const fresh = breaker.admit(20_001);
    assert.notEqual(fresh, REFUSED);
    assert.equal(breaker.failed(lost, 20_002), false, 'the lost one has no say any more');
    assert.equal(breaker.succeeded(fresh, 20_003), true);
  });
});

test('an attempt that gives its place up lets another one in, and its outcome counts all the same', () => {
  const breaker = breakerOf({ failures: 1, halfOpen: 2, openMs: 10_000 });
  fail(breaker, 1, 0);
  const slow = breaker.giveUpPlace(breaker.admit(10_000));
  const [one, two] = [breaker.admit(10_001), breaker.admit(10_001)];
  assert.equal(breaker.admit(10_001), REFUSED);
  assert.equal(breaker.succeeded(one, 10_002), false);
  breaker.cancelled(two);
  assert.equal(breaker.succeeded(slow, 10_003), true);
  fail(breaker, 1, 20_000);
  const worse = breaker.giveUpPlace(breaker.admit(30_000));
  assert.equal(breaker.failed(worse, 30_001), true);
  assert.equal(breaker.state, BreakerState.open);
});

describe('what it keeps count of', () => {
  test('one that closed again begins anew: failures from before it opened count no more', () => {
    const inARow = breakerOf({ failures: 3, halfOpen: 1 });
    fail(inARow, 3, 0);
    assert.equal(inARow.succeeded(inARow.admit(30_000), 30_000), true);
    fail(inARow, 2, 30_000);
    assert.equal(inARow.state, BreakerState.closed);
    const byRate = breakerOf({ failures: 0, failureRate: 0.5, minimum: 4, halfOpen: 1, openMs: 1_000 });
    for (let n = 0; n < 4; n++) byRate.succeeded(byRate.admit(0), 0);
    fail(byRate, 4, 0);
    assert.equal(byRate.succeeded(byRate.admit(1_000), 1_000), true);
    fail(byRate, 3, 1_000);
    assert.equal(byRate.state, BreakerState.closed);
    fail(byRate, 1, 1_000);
    assert.equal(byRate.state, BreakerState.open);
  });

  test('one probe that fails opens it again, however few failures the window has', () => {
    const breaker = breakerOf({ failures: 0, failureRate: 0.5, minimum: 20, windowMs: 1_000 });
    fail(breaker, 20, 0);
    assert.equal(breaker.failed(breaker.admit(30_000), 30_000), true);
    assert.equal(breaker.state, BreakerState.open);
    assert.equal(breaker.waitMs(30_000), 30_000);
  });

  test('a failure from before it opened is none of those after it closed', () => {
    const breaker = breakerOf({ failures: 2, halfOpen: 1 });
    const slow = [breaker.admit(0), breaker.admit(0)];
    fail(breaker, 2, 0);
    assert.equal(breaker.succeeded(breaker.admit(30_000), 30_000), true);
    for (const pass of slow) assert.equal(breaker.failed(pass, 30_000), false);
    fail(breaker, 1, 30_000);
    assert.equal(breaker.state, BreakerState.closed);
  });

  test('places of probes: those of lost ones are free again, and none is given back twice', () => {
    const breaker = breakerOf({ failures: 1, halfOpen: 2, openMs: 1_000 });
    const admitted = (now: number) => [0, 0, 0, 0].map(() => breaker.admit(now)).filter(pass => pass !== REFUSED);
    fail(breaker, 1, 0);
    assert.equal(admitted(1_000).length, 2);
    assert.equal(admitted(2_000).length, 0);
    const [first] = admitted(2_001);
    assert.ok(first !== undefined);
    assert.equal(breaker.succeeded(first, 2_002), false);
    breaker.cancelled(first);
    breaker.cancelled(first);
    assert.equal(admitted(2_003).length, 1);
    const closed = breakerOf();
    const pass = closed.admit(0);
    closed.cancelled(pass);
    assert.equal(closed.admit(0), pass, 'a closed one has no places');
  });

  test('it works the thousandth time as the first', () => {
    const block = new SharedStates(null, 0).claim('upstream users', 0);
    const breaker = new Breaker(breakerSpec({ failures: 1, halfOpen: 1, openMs: 10 }), block);
    for (let round = 0, now = 0; round < 1_500; round++, now += 20) {
      const pass = breaker.admit(now);
      assert.ok(pass >= 0, `round ${round}`);
      assert.equal(breaker.failed(pass, now), true);
      assert.equal(block.times[block.timesAt + TimeCell.breakerSince], now);
      assert.equal(breaker.admit(now + 9), REFUSED);
      assert.equal(breaker.succeeded(breaker.admit(now + 10), now + 11), true, `round ${round}`);
      assert.equal(block.times[block.timesAt + TimeCell.breakerSince], now + 11);
    }
  });
});

type Act = 'admit' | 'succeed' | 'fail' | 'cancel' | 'give up';
type Step = { readonly waitMs: number; readonly act: Act; readonly which: number };

const steps = fc.array(
  fc.record<Step>({
    waitMs: fc.oneof(fc.constant(0), fc.nat(400), fc.nat(3_000)),
    act: fc.constantFrom('admit', 'admit', 'succeed', 'fail', 'cancel', 'give up'),
    which: fc.nat(9),
  }),
  { minLength: 1, maxLength: 120, size: 'max' },
);

describe('in every sequence', () => {
  test('it agrees with a model that keeps everything in plain sight', () => {
    const specs = fc.record({
      failures: fc.integer({ min: 0, max: 4 }),
      failureRate: fc.constantFrom(0, 0.5),
      minimum: fc.integer({ min: 1, max: 6 }),
      halfOpen: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(specs, steps, (changes, taken) => {
        const spec = breakerSpec({ ...changes, windowMs: 1_000, openMs: 2_000 });
        const breaker = new Breaker(spec, new SharedStates(null, 0).claim('upstream users', 0));
        const model = new Model(spec);
        const open: { pass: number; era: number; hasPlace: boolean }[] = [];
        let now = 0;
        for (const { waitMs, act, which } of taken) {
          now += waitMs;
          if (act === 'admit') {
            const pass = breaker.admit(now);
            const era = model.admit(now);
            assert.equal(pass === REFUSED, era === null, `admitted at ${now}`);
            if (era !== null) open.push({ pass, era, hasPlace: true });
          } else if (open.length > 0) {
            const [{ pass, era, hasPlace }] = open.splice(which % open.length, 1) as [(typeof open)[number]];
            if (act === 'succeed') assert.equal(breaker.succeeded(pass, now), model.end(era, true, now, hasPlace));
            else if (act === 'fail') assert.equal(breaker.failed(pass, now), model.end(era, false, now, hasPlace));
            else if (act === 'give up') open.push({ pass: breaker.giveUpPlace(pass), era, hasPlace: false });
            else breaker.cancelled(pass);
            if ((act === 'cancel' || act === 'give up') && hasPlace) model.cancel(era);
          }
          assert.equal(breaker.state, model.state);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

/** The same rules without packed words, and without other workers that change the state meanwhile. */
class Model {
  state: number = BreakerState.closed;
  private readonly spec: ReturnType<typeof breakerSpec>;
  private era = 0;
  private inARow = 0;
  private openUntil = 0;
  private started = 0;
  private succeeded = 0;
  private lastStart = 0;
  private outcomes: { readonly bucket: number; readonly good: boolean }[] = [];

  constructor(spec: ReturnType<typeof breakerSpec>) {
    this.spec = spec;
  }

  admit(now: number): number | null {
    if (this.state === BreakerState.closed) return this.era;
    const isStale =
      this.state === BreakerState.halfOpen &&
      this.started >= this.spec.halfOpen &&
      now - this.lastStart > this.spec.openMs;
    if ((this.state === BreakerState.open && now >= this.openUntil) || isStale) {
      this.turn(BreakerState.halfOpen);
    } else if (this.state === BreakerState.open || this.started >= this.spec.halfOpen) return null;
    this.started++;
    this.lastStart = now;
    return this.era;
  }

  end(era: number, good: boolean, now: number, hasPlace: boolean): boolean {
    if (era !== this.era || this.state === BreakerState.open) return false;
    if (this.state === BreakerState.halfOpen) {
      if (good && !hasPlace) this.started++;
      if (good && ++this.succeeded < this.spec.halfOpen) return false;
      this.turn(good ? BreakerState.closed : BreakerState.open);
      if (!good) this.openUntil = now + this.spec.openMs;
      if (good) {
        this.inARow = 0;
        this.outcomes = [];
      }
      return true;
    }
    this.inARow = good ? 0 : this.inARow + 1;
    const bucket = Math.floor(now / (this.spec.windowMs / 10));
    this.outcomes.push({ bucket, good });
    if (good || !this.trips(bucket)) return false;
    this.turn(BreakerState.open);
    this.openUntil = now + this.spec.openMs;
    return true;
  }

  cancel(era: number): void {
    if (era === this.era && this.state === BreakerState.halfOpen && this.started > this.succeeded) this.started--;
  }

  private trips(bucket: number): boolean {
    const { failures, failureRate, minimum } = this.spec;
    if (failures > 0 && this.inARow >= failures) return true;
    const recent = this.outcomes.filter(each => each.bucket > bucket - 10);
    const failed = recent.filter(({ good }) => !good).length;
    return failureRate > 0 && recent.length >= minimum && failed >= failureRate * recent.length;
  }

  private turn(state: number): void {
    this.state = state;
    this.era++;
    this.started = 0;
    this.succeeded = 0;
  }
}

test('simulation: workers that share a breaker send a dead upstream no more than its probes, and come back when it does', () => {
  const states = new SharedStates(null, 0);
  const spec = breakerSpec({ failures: 5, openMs: 1_000, halfOpen: 3 });
  const workers = [1, 2, 3, 4].map(() => new Breaker(spec, states.claim('upstream users', 0)));
  let sentWhileDead = 0;
  let refused = 0;
  let firstGoodAt = 0;
  for (let now = 0; now < 20_000; now += 5) {
    const isDead = now >= 2_000 && now < 10_000;
    for (const breaker of workers) {
      const pass = breaker.admit(now);
      if (pass === REFUSED) {
        refused++;
        continue;
      }
      if (isDead) {
        sentWhileDead++;
        breaker.failed(pass, now);
      } else {
        if (now >= 10_000 && firstGoodAt === 0) firstGoodAt = now;
        breaker.succeeded(pass, now);
      }
    }
  }
  // Five failures open the breaker, and then it admits one probe a second: each fails and opens it again.
  assert.ok(sentWhileDead <= 5 + 8, `${sentWhileDead} sent`);
  assert.ok(refused > 6_000);
  assert.ok(firstGoodAt - 10_000 <= 1_005, `first at ${firstGoodAt}`);
});
