// The time of day for readings of a thread's clock.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wallMs } from './wall-time.ts';

test('the time of day follows the system’s clock when that is set', t => {
  const now = performance.now() + 10_000;
  assert.ok(Math.abs(wallMs(now) - Date.now() - 10_000) < 500);
  const set = Date.now() + 7_200_000;
  t.mock.method(Date, 'now', () => set);
  assert.ok(Math.abs(wallMs(now + 1_000) - set - 11_000) < 500);
});
