// Shedding as a state machine: the lowest priorities pay first, the share is exact, and it finds a level that holds. A simulated worker
// shows whether the control loop closes.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PRIORITIES, ShedLevel } from './shed-level.ts';

/** Offers `counts[p]` requests of each priority, evenly mixed. Returns how many of each were let in. */
function offer(level: ShedLevel, counts: readonly number[]): number[] {
  const admitted = counts.map(() => 0);
  const most = Math.max(...counts);
  for (let i = 0; i < most; i++) {
    for (const [priority, count] of counts.entries()) {
      if (i < count && level.admits(priority)) admitted[priority]!++;
    }
  }
  return admitted;
}

describe('the share that is refused', () => {
  test('nothing without pressure', () => {
    const level = new ShedLevel();
    for (let i = 0; i < 20; i++) {
      assert.deepEqual(offer(level, [5, 0, 0, 0, 0, 50]), [5, 0, 0, 0, 0, 50]);
      level.step(0.99);
    }
    assert.equal(level.share, 0);
  });

  test('is taken from the lowest priorities, whole before the next', () => {
    const counts = [0, 0, 200, 0, 0, 600, 0, 0, 0, 200];
    const level = new ShedLevel();
    let before = -1;
    for (let i = 0; i < 30; i++) {
      const admitted = offer(level, counts);
      const refused = counts.map((count, p) => count - admitted[p]!);
      const sum = refused.reduce((a, b) => a + b, 0);
      if (i > 0) assert.ok(Math.abs(sum - level.share * 1_000) <= 3, `${sum} of ${level.share}`);
      if (refused[5]! > 2) assert.ok(admitted[2]! <= 1, String(admitted));
      if (refused[9]! > 2) assert.ok(admitted[5]! <= 1, String(admitted));
      assert.ok(sum >= before);
      before = sum;
      level.step(1.5);
    }
    assert.ok(level.share <= 0.95 && before >= 900);
  });

  test('somebody of a lower priority who comes anew is refused while higher ones are', () => {
    const level = new ShedLevel();
    for (let i = 0; i < 5; i++) {
      offer(level, [0, 0, 0, 0, 0, 100]);
      level.step(2);
    }
    assert.equal(level.admits(1), false);
    assert.equal(level.admits(9), true);
  });

  test('ends when the pressure has gone', () => {
    const level = new ShedLevel();
    for (let i = 0; i < 50; i++) level.step(4);
    for (let i = 0; i < 50; i++) level.step(0.1);
    assert.equal(level.share, 0);
    assert.equal(level.admits(0), true);
  });

  test('stays between 0 and 95 % whatever the pressure, and admits in proportion', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { maxLength: 100, size: 'max' }),
        pressures => {
          const level = new ShedLevel();
          for (const pressure of pressures) {
            for (let p = 0; p < PRIORITIES; p++) level.admits(p);
            level.step(pressure);
            assert.ok(level.share >= 0 && level.share <= 0.95);
          }
        },
      ),
    );
  });

  test('closes the loop: a worker that is asked for three times what it can does 90 % of what it can, and is late no longer', () => {
    const level = new ShedLevel();
    // A period's work is 100 units: a request takes 1, its refusal 0.1. Work that is not done waits.
    let backlog = 0;
    let done = 0;
    let late = 0;
    for (let period = 0; period < 600; period++) {
      const admitted = offer(level, [0, 0, 0, 0, 0, 300])[5]!;
      backlog += admitted + (300 - admitted) * 0.1;
      const worked = Math.min(backlog, 100);
      backlog -= worked;
      if (period >= 200) {
        done += admitted;
        if (backlog > 250) late++;
      }
      // The backlog as a multiple of the limit, in units of work: 250 units are 250 ms.
      level.step(backlog / 250);
    }
    // Of 100 units, 22 go into refusals when 78 are admitted.
    assert.ok(done / 400 > 70, String(done / 400));
    assert.ok(late < 60, String(late));
  });
});
