// The quantile follows recent values.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentQuantile } from './recent-quantile.ts';

test('it is unknown at first, then near the true one, and follows a change within some hundred values', () => {
  const p95 = new RecentQuantile(0.95);
  for (let n = 0; n < 31; n++) p95.add(10);
  assert.equal(p95.value, Infinity);
  p95.add(10);
  assert.equal(p95.value, 10);
  for (let n = 0; n < 1_000; n++) p95.add((n * 37) % 100);
  assert.ok(Math.abs(p95.value - 95) <= 2, `${p95.value}`);
  for (let n = 0; n < 288; n++) p95.add(500);
  assert.equal(p95.value, 500);
});
