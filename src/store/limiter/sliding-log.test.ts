// What a log keeps of units that are charged beyond the limit. Its decisions are held to a reference in meters.property.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitRule } from '../../../test/support/limit-gateway.ts';
import { MeterAnswer } from './meter.ts';
import { SlidingLog } from './sliding-log.ts';

function openLog(count: number) {
  const log = new SlidingLog(limitRule({ algorithm: 'slidingLog', count, perMs: 1_000 }));
  const words = new Int32Array(log.stateWords);
  const answer = new MeterAnswer();
  log.clear(words, 0);
  return {
    take: (nowMs: number, units: number) => log.take(words, 0, log.tickAt(nowMs), units),
    remaining(nowMs: number) {
      log.fits(words, 0, log.tickAt(nowMs), 0, answer);
      return answer.remaining;
    },
  };
}

test('units charged to a full log take the place of the oldest ones, and leave the window last', () => {
  const { take, remaining } = openLog(3);
  take(0, 3);
  take(900, 2);
  assert.deepEqual([900, 1_001, 1_899, 1_901].map(remaining), [0, 1, 1, 3]);
});

test('of more units than the limit has, a log keeps as many as the limit', () => {
  const { take, remaining } = openLog(3);
  take(0, 1);
  take(500, 10);
  assert.deepEqual([1_001, 1_499, 1_501].map(remaining), [0, 0, 3]);
});
