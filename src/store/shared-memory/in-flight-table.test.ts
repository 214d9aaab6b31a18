// What is in flight: never more than the limit over all threads, given back once, and given back by a dead worker as well.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LocalInFlightStore } from './in-flight-table.ts';
import { MEMBERS_BYTES, MEMBERS_MAX } from './members.ts';
import { testStore } from './test-memory.fixture.ts';

const BYTES = 1 << 20;

/** Stores over the same memory, as `count` workers have them. */
function workers(count: number) {
  const tables = new Map<string, SharedArrayBuffer>([['members in flight', new SharedArrayBuffer(MEMBERS_BYTES)]]);
  const stores = Array.from({ length: count }, () => new LocalInFlightStore(testStore(BYTES, tables).memory, BYTES));
  return { tables, stores };
}

test('as many as the limit says, over all workers, and each key for itself', () => {
  const [one, two] = workers(2).stores.map(store => store.open('x', 3));
  const tickets = [one!.enter(1, 2), two!.enter(1, 2), one!.enter(1, 2)];
  assert.ok(tickets.every(ticket => ticket >= 0));
  assert.equal(two!.enter(1, 2), -1);
  assert.equal(one!.enter(1, 2), -1);
  assert.ok(two!.enter(1, 3) >= 0);
  one!.leave(tickets[0]!);
  assert.ok(two!.enter(1, 2) >= 0);
  assert.equal(two!.enter(1, 2), -1);
});

test('leaving more often than entering gives nobody more', () => {
  const [one, two] = workers(2).stores.map(store => store.open('x', 2));
  const ticket = one!.enter(1, 2);
  assert.ok(two!.enter(1, 2) >= 0);
  for (let n = 0; n < 5; n++) one!.leave(ticket);
  assert.ok(one!.enter(1, 2) >= 0);
  assert.equal(one!.enter(1, 2), -1);
});

test('what a worker held that died is free again once it was silent for long enough', () => {
  const { tables, stores } = workers(2);
  const [one, two] = stores.map(store => store.open('x', 2));
  assert.ok(one!.enter(1, 2) >= 0);
  const kept = two!.enter(1, 2);
  assert.equal(two!.enter(1, 2), -1);
  // The first worker's last sign of life, moved back by ten seconds.
  const members = new Int32Array(tables.get('members in flight')!);
  members[1]! -= 100;
  assert.ok(two!.enter(1, 2) >= 0);
  assert.equal(two!.enter(1, 2), -1);
  // The worker that replaces the dead one takes its place, but not what the dead one held.
  const three = new LocalInFlightStore(testStore(BYTES, tables).memory, BYTES).open('x', 2);
  assert.equal(three.enter(1, 2), -1);
  two!.leave(kept);
  assert.ok(three.enter(1, 2) >= 0);
  assert.equal(three.enter(1, 2), -1);
});

test('keys that are in flight are never displaced; others are', () => {
  const [one] = workers(1).stores.map(store => store.open('x', 1));
  const held = new Map<number, number>();
  // Many more keys than cells: the table has about 3,900.
  for (let n = 0; n < 20_000; n++) {
    const low = Math.imul(n, 0x9e3779b1);
    const ticket = one!.enter(low, n);
    if (ticket === -1) continue;
    if (n % 40 === 0) held.set(n, ticket);
    else one!.leave(ticket);
  }
  assert.ok(held.size > 400);
  for (const n of held.keys()) assert.equal(one!.enter(Math.imul(n, 0x9e3779b1), n), -1);
});

test('more workers than there are places are refused with a reason', () => {
  assert.throws(() => workers(MEMBERS_MAX + 1), new RegExp(`at most ${MEMBERS_MAX} workers`));
});
