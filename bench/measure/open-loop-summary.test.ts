// Requests without a response show in the percentiles of an open loop.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarize } from './open-loop-summary.ts';

test('percentiles are those of the latencies when all were answered', () => {
  const latenciesUs = Float64Array.from({ length: 1000 }, (_, i) => 1000 - i);
  const { requests, failed, p50Ms, p99Ms, maxMs } = summarize(latenciesUs, 0, 5000);
  assert.deepEqual([requests, failed, p50Ms, p99Ms, maxMs], [1000, 0, 0.5, 0.99, 1]);
});

test('two unanswered of a hundred are the p99, as long as the whole run', () => {
  const latenciesUs = new Float64Array(100).fill(200);
  latenciesUs[3] = latenciesUs[70] = Number.POSITIVE_INFINITY;
  const { p50Ms, p99Ms, maxMs, failed } = summarize(latenciesUs, 2, 5000);
  assert.deepEqual([p50Ms, p99Ms, maxMs, failed], [0.2, 5000, 5000, 2]);
});

test('one stall among many windows shows in the p99 of all, and not in that of a typical window', () => {
  const latenciesUs = new Float64Array(20_000).fill(100);
  for (let i = 0; i < 20_000; i += 50) latenciesUs[i] = 300; // two in a hundred
  latenciesUs.fill(9_000, 4_000, 4_500);
  const { p99Ms, windowP99Ms } = summarize(latenciesUs, 0, 5000);
  assert.deepEqual([p99Ms, windowP99Ms], [9, 0.3]);
});
