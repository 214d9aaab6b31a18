// Canaries in simulated traffic: good ones are promoted, bad ones are rolled back after few errors, and none is judged by too few requests.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CanarySimulation, healthy } from './canary-simulation.fixture.ts';
import { type CanarySpec, WINDOW_MS } from './canary-state.ts';
import { tolerated } from './canary-verdict.ts';

const MINUTE = 60_000;

const spec = (change: Partial<CanarySpec> = {}): CanarySpec => ({
  steps: [0.01, 0.05, 0.25, 1].map(share => ({ share, forMs: 5 * MINUTE })),
  errorRate: 0.01,
  p99Factor: 1.5,
  minimum: 100,
  ...change,
});

test('one that does as well goes from step to step, each for its time, and is promoted', () => {
  const run = new CanarySimulation(spec(), 1).run(21 * MINUTE, 200, healthy, healthy);
  assert.deepEqual(
    run.decisions.map(({ kind, share }) => [kind, share]),
    [
      ['step', 0.05],
      ['step', 0.25],
      ['step', 1],
      ['promoted', 1],
    ],
  );
  for (const [at, { atMs }] of run.decisions.entries()) assert.ok(atMs >= (at + 1) * 5 * MINUTE, `${atMs}`);
});

test('one that fails is rolled back after a handful of errors, whatever the step', () => {
  const broken = { ...healthy, errorRate: 1 };
  const first = new CanarySimulation(spec(), 2).run(2 * MINUTE, 500, healthy, broken);
  assert.deepEqual(
    first.decisions.map(({ kind, reason }) => [kind, reason]),
    [['rolledBack', 'errors']],
  );
  assert.ok(first.canaryErrors < 10, `${first.canaryErrors}`);

  const later = new CanarySimulation(spec(), 3).run(11 * MINUTE, 500, healthy, healthy);
  assert.equal(later.decisions.at(-1)!.share, 0.25);
  const before = later.canaryErrors;
  later.run(MINUTE, 500, healthy, broken);
  assert.equal(later.decisions.at(-1)!.kind, 'rolledBack');
  // A window lasts up to a minute at 125 requests a second, of which about one in a hundred may fail.
  assert.ok(later.canaryErrors - before < tolerated(WINDOW_MS * 0.125, 0.012) + 50, `${later.canaryErrors - before}`);
  assert.equal(later.shares.at(-1), 0);
});

test('one that is slow is rolled back for its p99', () => {
  const slow = { ...healthy, latencyMs: 80 };
  const run = new CanarySimulation(spec(), 4).run(5 * MINUTE, 300, healthy, slow);
  assert.deepEqual(
    run.decisions.map(({ kind, reason }) => [kind, reason]),
    [['rolledBack', 'p99']],
  );
});

test('one that turns bad after hours does not hide behind them', () => {
  const day = spec({
    steps: [
      { share: 0.1, forMs: 24 * 60 * MINUTE },
      { share: 1, forMs: MINUTE },
    ],
  });
  const run = new CanarySimulation(day, 5).run(60 * MINUTE, 100, healthy, healthy);
  assert.equal(run.decisions.length, 0);
  run.run(2 * MINUTE, 100, healthy, { ...healthy, errorRate: 0.1 });
  assert.equal(run.decisions.at(-1)?.kind, 'rolledBack');
});

test('an outage of both is not held against the canary', () => {
  const down = { ...healthy, errorRate: 0.6 };
  const run = new CanarySimulation(spec(), 6).run(MINUTE, 300, healthy, healthy).run(3 * MINUTE, 300, down, down);
  assert.deepEqual(run.decisions, []);
});

test('without enough requests no step is taken, however long it lasts', () => {
  const run = new CanarySimulation(spec(), 7).run(60 * MINUTE, 1, healthy, { ...healthy, errorRate: 0 });
  assert.deepEqual(run.decisions, []);
  const idle = new CanarySimulation(spec(), 7).run(60 * MINUTE, 0, healthy, healthy);
  assert.deepEqual(idle.decisions, []);
});

test('blue-green: one step waits for figures of the stable version, switches, and switches back', () => {
  const blueGreen = spec({ steps: [{ share: 1, forMs: MINUTE }] });
  const good = new CanarySimulation(blueGreen, 8).run(2 * MINUTE, 100, healthy, healthy);
  assert.deepEqual(
    good.decisions.map(({ kind, share }) => [kind, share]),
    [
      ['step', 1],
      ['promoted', 1],
    ],
  );
  assert.ok(good.decisions[0]!.atMs >= 1_000);
  const bad = new CanarySimulation(blueGreen, 8).run(2 * MINUTE, 100, healthy, { ...healthy, errorRate: 0.5 });
  assert.deepEqual(
    bad.decisions.map(({ kind, share }) => [kind, share]),
    [
      ['step', 1],
      ['rolledBack', 0],
    ],
  );
});

test('equal versions are not rolled back by chance', () => {
  let rolledBack = 0;
  for (let seed = 100; seed < 140; seed++) {
    const run = new CanarySimulation(spec(), seed).run(21 * MINUTE, 50, healthy, healthy);
    if (run.decisions.some(({ kind }) => kind === 'rolledBack')) rolledBack++;
  }
  assert.ok(rolledBack <= 1, `${rolledBack} of 40`);
});

const behaviour = fc.record({
  errorRate: fc.double({ min: 0, max: 1, noNaN: true }),
  latencyMs: fc.double({ min: 0.05, max: 2_000, noNaN: true }),
  slowMs: fc.double({ min: 0.05, max: 60_000, noNaN: true }),
  slowRate: fc.double({ min: 0, max: 0.1, noNaN: true }),
});

test('whatever the traffic: shares are those of steps and only rise, until nothing is left; every step has its time', () => {
  const steps = fc
    .uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 4 })
    .map(list => [...list.sort((a, b) => a - b).map(each => each / 100), 1]);
  const runs = fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), behaviour, behaviour), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(steps, fc.integer({ min: 10, max: 200 }), runs, fc.integer(), (shares, minimum, periods, seed) => {
      const forMs = 4_000;
      const one = spec({ steps: shares.map(share => ({ share, forMs })), minimum });
      const run = new CanarySimulation(one, seed);
      for (const [perSecond, stable, canary] of periods) run.run(5_000, perSecond, stable, canary);
      let highest = 0;
      let over = false;
      for (const share of run.shares) {
        assert.ok(share === 0 || shares.includes(share));
        if (over) assert.equal(share, 0);
        else if (share < highest) over = share === 0;
        assert.ok(over || share >= highest);
        highest = Math.max(highest, share);
      }
      const kinds = run.decisions.map(({ kind }) => kind);
      assert.ok(kinds.slice(0, -1).every(kind => kind === 'step'));
      let lastAt = 0;
      for (const { kind, atMs, canaryRequests } of run.decisions) {
        const waited = one.steps[0]!.share === 1 && lastAt === 0;
        if (kind !== 'rolledBack' && !waited) assert.ok(atMs - lastAt >= forMs && canaryRequests >= minimum);
        lastAt = atMs;
      }
      assert.equal(run.state.phase === 'promoted', kinds.includes('promoted'));
      assert.equal(run.state.phase === 'rolledBack', kinds.includes('rolledBack'));
    }),
    { numRuns: 150 },
  );
});
