// The queue of requests that wait for a connection: their order, those that gave up, and the count of pending ones.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UpstreamCell } from '../telemetry/metric-families.ts';
import type { ConnectionWaiter } from './endpoint-pool.ts';
import { WaiterQueue } from './waiter-queue.ts';

const OFFSET = 3;

class Waiter implements ConnectionWaiter {
  waiting = true;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  onConnection(): void {}
  onNoConnection(): void {}
}

function queueOf(names: string): { queue: WaiterQueue; waiters: Waiter[]; pending: () => number } {
  const cells = new Float64Array(100);
  const queue = new WaiterQueue(cells, OFFSET);
  const waiters = [...names].map(name => new Waiter(name));
  for (const waiter of waiters) queue.push(waiter);
  return { queue, waiters, pending: () => cells[OFFSET + UpstreamCell.pending]! };
}

/** The name of a waiter; null for none. */
function nameOf(waiter: ConnectionWaiter | undefined): string | null {
  // Because: the tests only queue waiters of this class.
  return waiter === undefined ? null : (waiter as Waiter).name;
}

test('first come, first served; whoever gave up is passed over, and no longer counted', () => {
  const { queue, waiters, pending } = queueOf('abcdef');
  assert.equal(pending(), 6);
  assert.equal(nameOf(queue.next()), 'a');
  waiters[1]!.waiting = false;
  waiters[2]!.waiting = false;
  assert.equal(nameOf(queue.next()), 'd');
  assert.deepEqual([queue.length, pending()], [2, 2]);
  queue.push(new Waiter('g'));
  assert.deepEqual(queue.takeAll().map(nameOf), ['e', 'f', 'g']);
  assert.deepEqual([queue.length, pending(), nameOf(queue.next())], [0, 0, null]);
});

test('whoever is forgotten leaves its place, once, wherever it stands', () => {
  const { queue, waiters, pending } = queueOf('abcd');
  queue.next();
  // Already taken out of the queue, so nothing is to be removed.
  queue.forget(waiters[0]!);
  assert.deepEqual([queue.length, pending()], [3, 3]);
  queue.forget(waiters[2]!);
  queue.forget(waiters[2]!);
  assert.deepEqual([queue.length, pending()], [2, 2]);
  assert.deepEqual([nameOf(queue.next()), nameOf(queue.next()), nameOf(queue.next())], ['b', 'd', null]);
});

test('when all gave up there is nobody, and nothing is counted', () => {
  const { queue, waiters, pending } = queueOf('abc');
  for (const waiter of waiters) waiter.waiting = false;
  assert.deepEqual([queue.length, nameOf(queue.next()), queue.length, pending()], [3, null, 0, 0]);
});

test('a queue that is never empty keeps no more than it holds', () => {
  const { queue, pending } = queueOf('ab');
  for (let n = 0; n < 10_000; n++) {
    queue.push(new Waiter(String(n)));
    queue.next();
  }
  assert.deepEqual([queue.length, pending()], [2, 2]);
  // Because: entries kept for waiters that are gone show nowhere else.
  const { waiters } = queue as unknown as { waiters: readonly ConnectionWaiter[] };
  assert.ok(waiters.length <= 8, `${waiters.length} are kept`);
});
