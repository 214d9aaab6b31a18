// How often callers are reported: a few near their limit at once, many together, and each of them at some time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SyncPace, unreportedMax } from './sync-pace.ts';

/** A round in which `callers` callers were reported, each with `units` since the last round. */
function round(pace: SyncPace, callers: number, isHot: boolean, units: number, sinceMs = pace.waitMs): number {
  for (let n = 0; n < callers; n++) pace.note(isHot, units, sinceMs, unreportedMax(100));
  return pace.next(0);
}

test('few callers near their limit are reported every 25 ms, few others less often', () => {
  const pace = new SyncPace();
  assert.equal(round(pace, 10, true, 3), 25);
  assert.equal(round(pace, 10, false, 0.1), 100);
});

test('many callers travel together, and sooner when each uses much', () => {
  const pace = new SyncPace();
  assert.equal(round(pace, 160, true, 1, 200), 250);
  assert.equal(round(pace, 500, true, 1, 200), 800);
  const hurried = round(pace, 1_500, true, 5, 200);
  assert.equal(Math.round(hurried), (200 * 100) / 8 / 5);
  assert.equal(round(new SyncPace(), 500, true, 100, 200), 100, 'a round for each would cost too much');
  assert.ok(round(pace, 20, true, 1, 200) > 300, 'those who are refused for a while are coming back');
});

test('with nobody it looks less often, but looks', () => {
  const pace = new SyncPace();
  for (let n = 0; n < 100; n++) pace.next(0);
  assert.equal(pace.waitMs, 100);
  assert.equal(round(pace, 1, true, 1), 25);
});

test('what may be unreported is a small part of what counts as full', () => {
  for (const [size, most] of [
    [1, 1 / 3],
    [9, 3],
    [20, 4],
    [100, 12.5],
    [10_000, 1_250],
  ])
    assert.equal(unreportedMax(size!), most);
});
