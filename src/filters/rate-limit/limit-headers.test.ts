// What callers are told of their budgets: rounded so that nobody comes back too early, and of several limits the one that matters.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LimitCall } from '../../store/limiter/limiter-store.ts';
import { limitField, policyField, retryAfter, tightest, wholeSeconds } from './limit-headers.ts';

/** A call with what each limit has left, until when, and how long to wait. */
function callOf(...limits: readonly (readonly [remaining: number, resetMs: number, waitMs: number])[]): LimitCall {
  const call = new LimitCall(limits.length);
  for (const [at, [remaining, resetMs, waitMs]] of limits.entries()) {
    call.remaining[at] = remaining;
    call.resetMs[at] = resetMs;
    call.waitMs[at] = waitMs;
  }
  return call;
}

test('seconds are rounded up; never is a month', () => {
  assert.deepEqual([0, 1, 999, 1_000, 1_001].map(wholeSeconds), [0, 1, 1, 1, 2]);
  assert.equal(wholeSeconds(Infinity), 31 * 86_400);
});

test('who is refused waits for the slowest of its limits, at least a second, and not at all for what never comes', () => {
  assert.equal(retryAfter(callOf([0, 5_000, 2_500], [0, 9_000, 4_100], [3, 1, 0])), 5);
  assert.equal(retryAfter(callOf([0, 5_000, 0.5])), 1);
  assert.equal(retryAfter(callOf([0, 5_000, 0])), 1);
  assert.equal(retryAfter(callOf([0, 5_000, 2_000], [0, 0, Infinity])), 0);
});

test('the limit with the least left is the tightest, of equal ones the first', () => {
  assert.equal(tightest(callOf([5, 0, 0], [2, 0, 0], [3, 0, 0])), 1);
  assert.equal(tightest(callOf([2, 0, 0], [2, 0, 0])), 0);
  assert.equal(tightest(callOf([5, 0, 0], [4, 0, 0], [3, 0, 0])), 2);
});

test('each limit with what is left, until it is whole again or until the request would fit', () => {
  assert.equal(limitField(['a'], callOf([3, 1_500, 0])), '"a";r=3;t=2');
  assert.equal(limitField(['a', 'b'], callOf([0, 9_000, 1_200], [7, 0, 0])), '"a";r=0;t=2, "b";r=7;t=0');
});

test('policies name count and window, and the burst where it is another number', () => {
  const rule = { identity: '', algorithm: 'gcra', count: 5, perMs: 1_500, burst: 5 } as const;
  assert.equal(policyField(['a'], [rule]), '"a";q=5;w=2');
  const bursting = policyField(['a', 'b'], [rule, { ...rule, perMs: 60_000, burst: 9 }]);
  assert.equal(bursting, '"a";q=5;w=2, "b";q=5;w=60;cardea-burst=9');
});
