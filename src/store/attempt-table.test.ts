// Failed tries are limited for each source, whatever other sources do and whichever thread counts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttemptTable, attemptTableBytes } from './attempt-table.ts';

const t0 = 1_795_000_000_000;
const limit = { count: 5, perMs: 60_000 };

function table(memory = new SharedArrayBuffer(attemptTableBytes), purpose = 'jwt') {
  return new AttemptTable(memory, purpose, limit);
}

test('so many at once, then one each share of the time', () => {
  const tries = table();
  for (let n = 0; n < 5; n++) {
    assert.equal(tries.waitMs('10.0.0.1', t0 + n), 0);
    tries.fail('10.0.0.1', t0 + n);
  }
  const wait = tries.waitMs('10.0.0.1', t0 + 5);
  assert.ok(wait > 11_900 && wait <= 12_000, String(wait));
  assert.equal(tries.waitMs('10.0.0.1', t0 + 12_001), 0);
  tries.fail('10.0.0.1', t0 + 12_001);
  assert.ok(tries.waitMs('10.0.0.1', t0 + 12_002) > 0);
  assert.equal(tries.waitMs('10.0.0.1', t0 + 90_000), 0);
});

test('a source that fails on and on waits no longer than for one share', () => {
  const tries = table();
  for (let n = 0; n < 1_000; n++) tries.fail('10.0.0.1', t0);
  assert.equal(tries.waitMs('10.0.0.1', t0), 12_000);
  assert.equal(tries.waitMs('10.0.0.1', t0 + 12_000), 0);
});

test('others are not held back, and other purposes count apart', () => {
  const memory = new SharedArrayBuffer(attemptTableBytes);
  const tries = table(memory);
  for (let n = 0; n < 9; n++) tries.fail('10.0.0.1', t0);
  assert.equal(tries.waitMs('10.0.0.2', t0), 0);
  assert.equal(table(memory, 'basic').waitMs('10.0.0.1', t0), 0);
  assert.ok(table(memory).waitMs('10.0.0.1', t0) > 0, 'another thread over the same memory sees it');
});

test('a flood of sources takes no more memory and does not free those that fail most', () => {
  const memory = new SharedArrayBuffer(attemptTableBytes);
  const tries = table(memory);
  for (let n = 0; n < 5; n++) tries.fail('the one', t0);
  for (let n = 0; n < 50_000; n++) tries.fail(`flood ${n}`, t0 + n / 100);
  assert.ok(tries.waitMs('the one', t0 + 501) > 0);
});
