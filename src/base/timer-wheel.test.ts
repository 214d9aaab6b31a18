import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Timed, TimerWheel, UNSCHEDULED } from './timer-wheel.ts';

class Entry implements Timed {
  deadline = Infinity;
  wheelSlot = UNSCHEDULED;
  wheelNext: Timed | null = null;
  wheelPrevious: Timed | null = null;
  firedAt: number[] = [];
  onDeadline(now: number): void {
    this.firedAt.push(now);
  }
}

test('fires at or within one tick after the deadline, never early, once', () => {
  const wheel = new TimerWheel(0, 25, 16);
  const entry = new Entry();
  wheel.schedule(entry, 60);
  for (let now = 0; now <= 200; now += 5) wheel.advance(now);
  assert.deepEqual(entry.firedAt, [75]);
});

test('a deadline that is moved a little earlier is kept', () => {
  for (const [before, earlier] of [
    [1_000, 960],
    [300, 274],
    [300, 251],
    [80, 30],
  ] as const) {
    const wheel = new TimerWheel(0, 25, 16);
    const entry = new Entry();
    wheel.schedule(entry, before);
    wheel.schedule(entry, earlier);
    for (let now = 0; now <= 1_100; now += 5) wheel.advance(now);
    assert.deepEqual(entry.firedAt, [Math.ceil(earlier / 25) * 25], `${before} to ${earlier}`);
  }
});

test('a deadline beyond one turn of the wheel waits for its time', () => {
  const wheel = new TimerWheel(0, 25, 16);
  const entry = new Entry();
  wheel.schedule(entry, 1000);
  for (let now = 0; now <= 2000; now += 25) wheel.advance(now);
  assert.deepEqual(entry.firedAt, [1000]);
});

test('what is due by an earlier time fires at the present one, what came due meanwhile at the next call', () => {
  const wheel = new TimerWheel(0, 25, 16);
  const entries = [new Entry(), new Entry()] as const;
  wheel.schedule(entries[0], 40);
  wheel.schedule(entries[1], 60);
  wheel.advance(50, 90);
  assert.deepEqual([entries[0].firedAt, entries[1].firedAt], [[90], []]);
  wheel.advance(100);
  assert.deepEqual(entries[1].firedAt, [100]);
});

test('an entry that fires may cancel and reschedule others of its slot', () => {
  const wheel = new TimerWheel(0, 25, 16);
  const victim = new Entry();
  const moved = new Entry();
  const killer = new Entry();
  killer.onDeadline = () => {
    wheel.cancel(victim);
    wheel.schedule(moved, 500);
  };
  wheel.schedule(victim, 50);
  wheel.schedule(moved, 50);
  wheel.schedule(killer, 50);
  for (let now = 0; now <= 1000; now += 25) wheel.advance(now);
  assert.deepEqual(victim.firedAt, []);
  assert.deepEqual(moved.firedAt, [500]);
});

test('any sequence of schedule, cancel and advance fires like a naive list', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('schedule' as const), entry: fc.nat(4), delay: fc.nat(1500) }),
    fc.record({ kind: fc.constant('cancel' as const), entry: fc.nat(4) }),
    fc.record({ kind: fc.constant('advance' as const), by: fc.nat(300) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), steps => {
      const wheel = new TimerWheel(0, 25, 16);
      const entries = Array.from({ length: 5 }, () => new Entry());
      const deadlines = new Array<number>(5).fill(Infinity);
      let now = 0;
      for (const action of steps) {
        if (action.kind === 'schedule') {
          wheel.schedule(entries[action.entry]!, now + action.delay);
          deadlines[action.entry] = now + action.delay;
          entries[action.entry]!.firedAt = [];
        } else if (action.kind === 'cancel') {
          wheel.cancel(entries[action.entry]!);
          deadlines[action.entry] = Infinity;
          entries[action.entry]!.firedAt = [];
        } else {
          now += action.by;
          wheel.advance(now);
        }
        entries.forEach((entry, i) => {
          const { firedAt } = entry;
          assert.ok(firedAt.length <= 1, 'fires once');
          if (firedAt.length === 1) assert.ok(firedAt[0]! >= deadlines[i]!, 'never early');
          else assert.ok(deadlines[i]! > now - 25 || deadlines[i] === Infinity, 'not later than a tick');
        });
      }
    }),
    { numRuns: 500 },
  );
});
