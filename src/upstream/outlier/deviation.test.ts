// Endpoints that deviate from the others are found, and the others are left alone, over random traffic.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { outlierSpec } from '../../../test/support/resilience-settings.ts';
import { SharedStates } from '../state/shared-states.ts';
import { deviations, type IntervalCounts, takeIntervalCounts } from './deviation.ts';
import { EjectReason } from './ejection.ts';
import { OutlierWatch } from './outlier-watch.ts';

const spec = outlierSpec({ successRateDeviations: 2, latencyFactor: 3, minimum: 50 });
const counts = (requests: number, errors: number, meanMs: number): IntervalCounts => ({
  requests,
  errors,
  latencyMs: requests * meanMs,
});

test('the one that fails or is slow is found, also among three', () => {
  const good = [counts(500, 2, 10), counts(480, 1, 11)];
  assert.deepEqual(deviations([...good, counts(500, 100, 10)], spec), [0, 0, EjectReason.successRate]);
  assert.deepEqual(deviations([...good, counts(500, 2, 80)], spec), [0, 0, EjectReason.latency]);
  assert.deepEqual(deviations([...good, counts(500, 500, 10), counts(500, 490, 10)], spec).slice(0, 2), [0, 0]);
});

test('slow responses to many requests in a long interval do not overflow: the mean stays right', () => {
  const block = new SharedStates(null, 0).claim('endpoint users a', 0);
  const watch = new OutlierWatch(spec, [block]);
  for (let n = 0; n < 40_000; n++) watch.answered(block, false, 60_000, 0, 0);
  const { requests, latencyMs } = takeIntervalCounts(block);
  assert.equal(latencyMs / requests, 60_000);
  assert.ok(requests > 7_000, `${requests} counted`);
});

test('too few requests, too few others and small differences say nothing', () => {
  assert.deepEqual(deviations([counts(500, 0, 10), counts(500, 0, 10), counts(49, 49, 500)], spec), [0, 0, 0]);
  assert.deepEqual(deviations([counts(500, 0, 10), counts(500, 250, 500)], spec), [0, 0]);
  assert.deepEqual(deviations([counts(500, 0, 1), counts(500, 0, 1), counts(500, 20, 4)], spec), [0, 0, 0]);
});

test('what is not to be judged is not, however far it is from the others', () => {
  const all = [counts(500, 0, 10), counts(500, 0, 10), counts(500, 400, 900)];
  const judged = (successRateDeviations: number, latencyFactor: number) =>
    deviations(all, outlierSpec({ successRateDeviations, latencyFactor, minimum: 50 }))[2];
  assert.equal(judged(0, 0), EjectReason.none);
  assert.equal(judged(0, 3), EjectReason.latency);
  assert.equal(judged(2, 0), EjectReason.successRate);
});

test('each of the two figures is counted also when the other is not judged', () => {
  for (const changes of [{ successRateDeviations: 2 }, { latencyFactor: 3 }, {}]) {
    const block = new SharedStates(null, 0).claim('endpoint users a', 0);
    const watch = new OutlierWatch(outlierSpec(changes), [block]);
    watch.answered(block, true, 5, 0, 0);
    watch.failed(block, false, 0);
    const isJudged = Object.keys(changes).length > 0;
    assert.deepEqual(
      takeIntervalCounts(block),
      isJudged ? { requests: 2, errors: 2, latencyMs: 5 } : { requests: 0, errors: 0, latencyMs: 0 },
    );
  }
});

test('endpoints that are alike are never told apart', () => {
  const alike = fc.array(fc.integer({ min: 50, max: 5_000 }), { minLength: 3, maxLength: 12 });
  fc.assert(
    fc.property(
      alike,
      fc.float({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 1, max: 100 }),
      (sizes, rate, ms) => {
        const all = sizes.map(requests => counts(requests, Math.round(requests * rate), ms));
        assert.deepEqual(
          deviations(all, spec),
          all.map(() => EjectReason.none),
        );
      },
    ),
  );
});

test('what workers counted is taken once', () => {
  const states = new SharedStates(null, 0);
  const blocks = ['a', 'b', 'c'].map(name => states.claim(`endpoint users ${name}`, 0));
  const workers = [0, 1].map(() => new OutlierWatch(spec, blocks));
  for (const watch of workers) {
    watch.answered(blocks[0]!, false, 12.34, 0, 0);
    watch.answered(blocks[0]!, true, 100_000, 0, 0);
    watch.failed(blocks[0]!, false, 0);
  }
  assert.deepEqual(takeIntervalCounts(blocks[0]!), { requests: 6, errors: 4, latencyMs: 120_024.6 });
  assert.deepEqual(takeIntervalCounts(blocks[0]!), { requests: 0, errors: 0, latencyMs: 0 });
});
