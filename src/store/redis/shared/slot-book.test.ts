// How much use of the others a gateway assumes while Redis is away, from what it learned of them before.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlotBook } from './slot-book.ts';

function learn(book: SlotBook, slot: number, own: number, others: number): void {
  book.learn(slot, 1, 0, 0, own, others);
}

test('without a word of the others they are taken to use as much, each of them', () => {
  const book = new SlotBook(2);
  assert.equal(book.estimateOthers(0, 10, 3), 20);
  assert.equal(book.estimateOthers(0, 10, 1), 0);
});

test('one exchange is no proof that the others use nothing: whoever reports first hears of nobody', () => {
  const book = new SlotBook(1);
  learn(book, 0, 100, 0);
  assert.ok(book.estimateOthers(0, 8, 3) >= 14);
});

test('many exchanges are, and uneven use is learned', () => {
  const book = new SlotBook(2);
  for (let n = 0; n < 20; n++) {
    learn(book, 0, 10, 0);
    learn(book, 1, 3, 9);
  }
  assert.equal(book.estimateOthers(0, 10, 3), 0);
  assert.equal(book.estimateOthers(1, 10, 3), 30);
});

test('fractions are kept until they are a unit, and a slot that changes hands begins anew', () => {
  const book = new SlotBook(1);
  for (let n = 0; n < 20; n++) learn(book, 0, 8, 2);
  assert.deepEqual(
    [1, 1, 1, 1].map(units => book.estimateOthers(0, units, 2)),
    [0, 0, 0, 1],
  );
  book.forget(0);
  assert.equal(book.estimateOthers(0, 5, 2), 5);
});

test('a slot that changed hands is as one never seen, and takes nothing from those who came since', () => {
  const book = new SlotBook(3);
  for (const slot of [2, 0]) {
    learn(book, slot, 5, 1);
    book.setTotal(slot, slot);
  }
  book.forget(2);
  assert.deepEqual(
    [book.lastReportedAt(2), book.total(2), book.epoch(2), book.isWaiting(2)],
    [0, Number.NaN, -1, false],
  );
  book.setWaiting(1, true);
  assert.deepEqual([book.lastReportedAt(1), book.total(1), book.isWaiting(1)], [0, Number.NaN, true]);
  assert.deepEqual([book.lastReportedAt(0), book.total(0), book.isWaiting(0)], [1, 0, false]);
});
