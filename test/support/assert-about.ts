// The instant at which a timeout was kept, by the wall clock of a machine that others use too.

import assert from 'node:assert/strict';

/** A timer may fire a little before its time by another clock. */
const EARLY_MS = 30;
/** So much a machine may stand still, or be busy with others; every other timeout of those tests is further off. */
const LATE_MS = 2_000;

/** Fails unless `ms`, a time that was measured, is about `expected`. */
export function assertAbout(ms: number, expected: number): void {
  assert.ok(ms >= expected - EARLY_MS && ms < expected + LATE_MS, `${ms} ms instead of about ${expected}`);
}
