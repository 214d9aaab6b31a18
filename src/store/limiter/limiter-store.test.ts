// What a refused caller is told of the limits that would have let it pass: nothing was taken from them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LimitRule } from './limit-rule.ts';
import { LimitCall } from './limiter-store.ts';

test('after a refusal only the limits that refused show what they showed', () => {
  const rule: LimitRule = { identity: '', algorithm: 'gcra', count: 10, perMs: 60_000, burst: 10 };
  const rules = [rule, rule, { ...rule, algorithm: 'fixedWindow' as const }, rule];
  const call = new LimitCall(4);
  call.costs.set([2, 2, 2, 1]);
  call.remaining.set([3, 0, 3, 9]);
  call.resetMs.set([42_000, 60_000, 42_000, 5_000]);
  call.waitMs.set([0, 500, 0, 0]);
  call.correctFigures(rules);
  assert.deepEqual([...call.remaining], [5, 0, 5, 10]);
  // Two units are given back in 12 s; a window ends when it ends.
  assert.deepEqual([...call.resetMs], [30_000, 60_000, 42_000, 0]);
});
