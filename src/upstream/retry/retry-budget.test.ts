// The retry budget in virtual time: in any ten seconds no more retries than its share, whatever the traffic.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SharedStates } from '../state/shared-states.ts';
import { RetryBudget } from './retry-budget.ts';

test('simulation: under a total outage workers together ask at most 1.2 times as often as their clients', () => {
  const states = new SharedStates(null, 0);
  const workers = [1, 2, 3].map(() => new RetryBudget(states.claim('upstream users', 0)));
  let requests = 0;
  let retries = 0;
  for (let now = 0; now < 60_000; now += 2) {
    const worker = workers[(now / 2) % 3]!;
    worker.request(now);
    requests++;
    for (let tries = 0; tries < 3; tries++) {
      if (!worker.take(0.2, now)) break;
      retries++;
    }
  }
  assert.ok((requests + retries) / requests <= 1.2, `${(requests + retries) / requests}`);
  assert.ok(retries > requests * 0.19, 'the budget can be used');
});

test('few requests have a reserve', () => {
  const budget = new RetryBudget(new SharedStates(null, 0).claim('upstream users', 0));
  budget.request(0);
  let taken = 0;
  while (budget.take(0.2, 0)) taken++;
  assert.equal(taken, 10);
  assert.equal(budget.take(0.2, 9_000), false);
  assert.equal(budget.take(0.2, 11_000), true);
});

test('in every window of any traffic retries stay within the larger of share and reserve', () => {
  const bursts = fc.array(fc.record({ waitMs: fc.nat(4_000), requests: fc.nat(80), wanted: fc.nat(80) }), {
    maxLength: 40,
    size: 'max',
  });
  fc.assert(
    fc.property(bursts, fc.constantFrom(0.05, 0.2, 1), (taken, share) => {
      const budget = new RetryBudget(new SharedStates(null, 0).claim('upstream users', 0));
      const events: { now: number; requests: number; retries: number }[] = [];
      let now = 5_000;
      for (const { waitMs, requests, wanted } of taken) {
        now += waitMs;
        for (let n = 0; n < requests; n++) budget.request(now);
        let retries = 0;
        for (let n = 0; n < wanted; n++) if (budget.take(share, now)) retries++;
        events.push({ now, requests, retries });
        // Buckets last a second, so the budget looks back on the last nine to ten seconds.
        const inside = events.filter(each => Math.floor(each.now / 1_000) > Math.floor(now / 1_000) - 10);
        const sum = (key: 'requests' | 'retries') => inside.reduce((total, each) => total + each[key], 0);
        assert.ok(retries === 0 || sum('retries') <= Math.max(10, share * sum('requests')) + 1e-9);
        assert.ok(retries >= Math.min(wanted, 1) || sum('retries') + 1 > Math.max(10, share * sum('requests')));
      }
    }),
  );
});
