// A first request releases its own claim, and no other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TimerWheel } from '../../base/timer-wheel.ts';
import { AnswerTable, answerTableBytes } from '../../store/answer-table.ts';
import { steadySeconds } from '../../store/answers/steady-seconds.ts';
import { FirstRequest } from './first-request.ts';

test('one whose answer is no longer kept when its client has it leaves the claim of the next to it', () => {
  const table = new AnswerTable(new SharedArrayBuffer(answerTableBytes(64 * 1_024, 1_024)), 1_024);
  const digest = Buffer.alloc(16, 7);
  const claimAt = (seconds: number) => table.claim(digest, 1, seconds, 60);
  const claim = claimAt(steadySeconds());
  assert.ok(claim.kind === 'first');
  const first = new FirstRequest(table, claim.slot, digest, 60_000, new TimerWheel(0, 20, 64), 0);
  first.keep(Buffer.from('answer'), 1_000);
  const later = steadySeconds() + 2;
  assert.equal(claimAt(later).kind, 'first');
  first.end(true);
  assert.equal(claimAt(later).kind, 'underWay');
});
