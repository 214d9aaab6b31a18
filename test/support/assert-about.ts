// Checks the time at which a timeout ended, measured on a machine that is shared with other work.

import assert from 'node:assert/strict';

/** A timer may fire slightly early by another clock. */
const EARLY_MS = 30;
/** How long a machine may stand still or be busy with other work. All other timeouts in these tests are further away than this. */
const LATE_MS = 2_000;

/** Fails unless `ms`, a measured time, is about `expected`. */
export function assertAbout(ms: number, expected: number): void {
  assert.ok(ms >= expected - EARLY_MS && ms < expected + LATE_MS, `${ms} ms instead of about ${expected}`);
}
