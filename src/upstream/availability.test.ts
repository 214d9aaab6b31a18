// Which endpoints are used, in virtual time: health, ejections, panic, slow start, and how soon a worker learns of a change.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { outlierSpec } from '../../test/support/resilience-settings.ts';
import { Availability, type AvailabilitySpec } from './availability.ts';
import { Endpoint } from './endpoint.ts';
import { EjectReason, eject } from './outlier/ejection.ts';
import type { Pool } from './pool.ts';
import { SharedStates, stateMemory } from './state/shared-states.ts';
import { Health, StateCell, TimeCell } from './state/state-cells.ts';

const specOf = (port: number, weight = 1) => ({
  url: `http://a:${port}`,
  tls: false,
  host: 'a',
  port,
  weight,
  zone: '',
});

/** Two workers with the same endpoints. */
function stage(weights: readonly number[], changes: Partial<AvailabilitySpec> = {}, backups: readonly number[] = []) {
  const memory = stateMemory(2);
  const settings = { panicThreshold: 0.1, slowStartMs: 0, ...changes };
  const back: string[] = [];
  const workers = [0, 1].map(slot => {
    const states = new SharedStates(memory, slot);
    const endpoints = weights.map((weight, n) => {
      const block = states.claim(`endpoint users ${n}`, 0);
      const spec = { ...specOf(n, weight), backup: backups.includes(n) };
      // Because: nothing is sent here, so no pool is asked for anything.
      return new Endpoint(spec, 'users', null as unknown as Pool, block);
    });
    const block = states.claim('upstream users', 0);
    return { endpoints, availability: new Availability(settings, endpoints, block, ({ key }) => back.push(key)) };
  });
  const [one, other] = workers as [(typeof workers)[0], (typeof workers)[0]];
  const used = (worker: (typeof workers)[0], now: number) => {
    worker.availability.look(now);
    return worker.endpoints.map(({ available }) => available);
  };
  const setHealth = (at: number, health: number) => {
    const { words, at: cell } = one.endpoints[at]!.block;
    words[cell + StateCell.health] = health;
    one.availability.changed();
  };
  return { one, other, used, setHealth, back };
}

test('a change on one worker is seen by another at its next pick', () => {
  const { one, other, used, setHealth } = stage([1, 1, 1]);
  assert.deepEqual(used(other, 0), [true, true, true]);
  setHealth(1, Health.unhealthy);
  assert.deepEqual(used(other, 0), [true, false, true]);
  assert.deepEqual(used(one, 0), [true, false, true]);
  setHealth(1, Health.healthy);
  assert.deepEqual(used(other, 0), [true, true, true]);
});

test('an ejection ends by itself, and one worker alone tells so', () => {
  const { one, other, used, back } = stage([1, 1]);
  const blocks = one.endpoints.map(({ block }) => block);
  eject(blocks[0]!, blocks, EjectReason.errors, outlierSpec({ ejectionMs: 1_000 }), 0);
  one.availability.changed();
  assert.deepEqual(used(other, 999), [false, true]);
  assert.deepEqual(used(other, 1_000), [true, true]);
  assert.deepEqual(used(one, 1_000), [true, true]);
  assert.deepEqual(back, ['http://a:0']);
});

test('the last resort of a request is an endpoint that is ejected, not one that it tried, that is down, or that gets nothing', () => {
  const { one, setHealth } = stage([1, 1, 1, 0]);
  const [tried, out, down, unused] = one.endpoints as [Endpoint, Endpoint, Endpoint, Endpoint];
  const blocks = one.endpoints.map(({ block }) => block);
  const spec = outlierSpec({ ejectionMs: 1_000, maxEjected: 1 });
  assert.equal(one.availability.lastResort([tried], 0), undefined);
  for (const { block } of [out, down, unused]) eject(block, blocks, EjectReason.errors, spec, 0);
  setHealth(2, Health.unhealthy);
  assert.equal(one.availability.lastResort([tried], 0), out);
  assert.equal(one.availability.lastResort([tried, out], 0), undefined);
});

test('when too few are usable all are used, and it still says how many are', () => {
  const { one, used, setHealth } = stage([1, 1, 1, 0], { panicThreshold: 0.5 });
  setHealth(0, Health.unhealthy);
  assert.deepEqual(used(one, 0), [false, true, true, true]);
  setHealth(1, Health.unhealthy);
  assert.deepEqual(used(one, 0), [true, true, true, true]);
  assert.deepEqual([one.availability.panics, one.availability.usable], [true, 2]);
  const never = stage([1, 1], { panicThreshold: 0 });
  never.setHealth(0, Health.unhealthy);
  never.setHealth(1, Health.unhealthy);
  assert.deepEqual(never.used(never.one, 0), [false, false]);
});

test('while a backup may be used, what is down is not; backups do not count among those of which too few are left', () => {
  const { one, used, setHealth } = stage([1, 1, 1, 1], { panicThreshold: 0.6 }, [2, 3]);
  setHealth(0, Health.unhealthy);
  assert.deepEqual(used(one, 0), [false, true, true, true]);
  setHealth(1, Health.unhealthy);
  assert.deepEqual(used(one, 0), [false, false, true, true]);
  setHealth(2, Health.unhealthy);
  assert.deepEqual(used(one, 0), [false, false, false, true]);
  setHealth(3, Health.unhealthy);
  assert.deepEqual(used(one, 0), [true, true, true, true]);
  assert.equal(one.availability.panics, true);
  setHealth(0, Health.healthy);
  setHealth(1, Health.healthy);
  assert.deepEqual(used(one, 0), [true, true, false, false]);
});

test('an endpoint that came back takes its turns little by little', () => {
  const { one, used } = stage([1, 1], { slowStartMs: 10_000 });
  const [coming] = one.endpoints as [Endpoint];
  coming.block.times[coming.block.timesAt + TimeCell.recoveredAt] = 1_000;
  one.availability.changed();
  const shareAt = (now: number) => {
    used(one, now);
    let taken = 0;
    for (let n = 0; n < 4_000; n++) if (one.availability.takesTurn(coming)) taken++;
    return taken / 4_000;
  };
  assert.ok(Math.abs(shareAt(1_000) - 0.05) < 0.02);
  assert.ok(Math.abs(shareAt(6_000) - 0.5) < 0.04);
  assert.equal(one.availability.ramping, true);
  assert.equal(shareAt(11_000), 1);
  assert.equal(one.availability.ramping, false);
});

test('simulation: whatever changes, two workers agree, and none is left without endpoints where panic forbids it', () => {
  const changes = fc.array(
    fc.record({ waitMs: fc.nat(2_000), at: fc.nat(3), what: fc.constantFrom('well', 'ill', 'eject') }),
    { maxLength: 60, size: 'max' },
  );
  fc.assert(
    fc.property(changes, fc.constantFrom(0.1, 0.5, 1), (taken, panicThreshold) => {
      const { one, other, used, setHealth } = stage([1, 2, 1, 1], { panicThreshold });
      const blocks = one.endpoints.map(({ block }) => block);
      let now = 10;
      for (const { waitMs, at, what } of taken) {
        now += waitMs;
        if (what === 'eject') {
          eject(blocks[at]!, blocks, EjectReason.errors, outlierSpec({ ejectionMs: 700 }), now);
          one.availability.changed();
        } else setHealth(at, what === 'well' ? Health.healthy : Health.unhealthy);
        const [a, b] = [used(one, now), used(other, now)];
        assert.deepEqual(a, b);
        assert.ok(a.some(Boolean));
        const share = one.availability.usable / 4;
        if (share >= panicThreshold) assert.equal(a.filter(Boolean).length, one.availability.usable);
      }
    }),
    { numRuns: 300 },
  );
});
