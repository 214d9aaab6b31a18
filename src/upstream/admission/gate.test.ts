// Gates of several workers over one block of shared memory, in one thread and in virtual time: what must hold in every order of events.
// test/e2e/admission shows that workers wake each other across threads.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TimerWheel } from '../../base/timer-wheel.ts';
import { SharedStates, stateMemory } from '../state/shared-states.ts';
import { Entry, Gate, type GateSpec, type GateWaiter } from './gate.ts';

class Waiter implements GateWaiter {
  waitsAt: Gate | null = null;
  waitsSince = 0;
  readonly id: number;
  readonly events: string[];
  readonly inside: Set<Waiter>;

  constructor(id: number, events: string[], inside: Set<Waiter>) {
    this.id = id;
    this.events = events;
    this.inside = inside;
  }
  onAdmitted() {
    this.events.push(`in ${this.id}`);
    this.inside.add(this);
  }
  onNotAdmitted() {
    this.events.push(`out ${this.id}`);
  }
}

function workersAt(count: number, spec: Partial<GateSpec>) {
  const memory = stateMemory(count);
  const clock = { now: 0 };
  const wheel = new TimerWheel(0, 25, 1024);
  const events: string[] = [];
  const blocks = Array.from({ length: count }, (_, slot) => new SharedStates(memory, slot).claim('route test', 0));
  const gateOf = (slot: number, changes: Partial<GateSpec>) => {
    const context = { wheel, clock, sharedNow: () => clock.now, wake: (run: () => void) => run() };
    return new Gate(
      { limit: 1, adaptive: null, queueMax: 0, queueTimeoutMs: 1_000, ...changes },
      blocks[slot]!,
      context,
    );
  };
  const workers = Array.from({ length: count }, (_, slot) => ({ gate: gateOf(slot, spec), inside: new Set<Waiter>() }));
  let nextId = 0;
  return {
    workers,
    events,
    gateOf,
    pass(ms: number) {
      clock.now += ms;
      wheel.advance(clock.now);
    },
    enter(worker: number) {
      const { gate, inside } = workers[worker]!;
      const waiter = new Waiter(nextId++, events, inside);
      const entry = gate.enter(waiter);
      if (entry === Entry.admitted) inside.add(waiter);
      return { waiter, entry };
    },
    leave(worker: number) {
      const { gate, inside } = workers[worker]!;
      const [one] = inside;
      if (one === undefined) return;
      inside.delete(one);
      gate.leave(5, false);
    },
    get inside() {
      return workers.reduce((sum, { inside }) => sum + inside.size, 0);
    },
  };
}

describe('a gate', () => {
  test('lets in as many as the limit says, on all workers together; without a queue the next is refused', () => {
    const all = workersAt(3, { limit: 2 });
    assert.equal(all.enter(0).entry, Entry.admitted);
    assert.equal(all.enter(2).entry, Entry.admitted);
    assert.equal(all.enter(1).entry, Entry.refused);
    all.leave(0);
    assert.equal(all.enter(1).entry, Entry.admitted);
    assert.equal(all.workers[0]!.gate.inFlight, 2);
  });

  test('first come, first served; who comes later does not overtake', () => {
    const all = workersAt(1, { limit: 1, queueMax: 3 });
    all.enter(0);
    for (let i = 0; i < 3; i++) assert.equal(all.enter(0).entry, Entry.waits);
    assert.equal(all.enter(0).entry, Entry.refused);
    for (let i = 0; i < 3; i++) all.leave(0);
    assert.deepEqual(all.events, ['in 1', 'in 2', 'in 3']);
  });

  test('a wait has its end', () => {
    const all = workersAt(1, { limit: 1, queueMax: 3, queueTimeoutMs: 200 });
    all.enter(0);
    all.enter(0);
    all.pass(100);
    all.enter(0);
    all.pass(125);
    assert.deepEqual(all.events, ['out 1']);
    all.leave(0);
    assert.deepEqual(all.events, ['out 1', 'in 2']);
  });

  test('who is forgotten is never let in, and frees its place', () => {
    const all = workersAt(1, { limit: 1, queueMax: 1 });
    all.enter(0);
    const { waiter } = all.enter(0);
    all.workers[0]!.gate.forget(waiter);
    all.workers[0]!.gate.forget(waiter);
    assert.equal(all.enter(0).entry, Entry.waits);
    all.leave(0);
    assert.deepEqual(all.events, ['in 2']);
  });

  test('who waits when a configuration without a queue takes over is not turned away by it', () => {
    const all = workersAt(1, { limit: 1, queueMax: 3, queueTimeoutMs: 1_000 });
    const without = all.gateOf(0, { limit: 1, queueMax: 0, queueTimeoutMs: 0 });
    all.enter(0);
    all.enter(0);
    all.workers[0]!.gate.adoptLimitOf(without);
    all.pass(500);
    assert.deepEqual(all.events, []);
    all.leave(0);
    assert.deepEqual(all.events, ['in 1']);
  });

  test('room that one worker leaves is found by another that waits', () => {
    const all = workersAt(2, { limit: 1, queueMax: 10 });
    all.enter(0);
    assert.equal(all.enter(1).entry, Entry.waits);
    all.leave(0);
    all.pass(50);
    assert.deepEqual(all.events, ['in 1']);
  });

  test('a worker with waiters of its own passes some room on to another', async () => {
    const all = workersAt(2, { limit: 1, queueMax: 200, queueTimeoutMs: 100_000 });
    all.enter(0);
    all.enter(1);
    for (let i = 0; i < 50; i++) all.enter(0);
    for (let i = 0; i < 8; i++) all.leave(0);
    // The wake-up comes asynchronously, by a promise.
    for (let turn = 0; turn < 100 && !all.events.includes('in 1'); turn++) await new Promise(setImmediate);
    assert.equal(all.events.at(-1), 'in 1', all.events.join());
  });

  test('a worker that died leaves nothing behind', () => {
    const memory = stateMemory(2);
    const context = {
      wheel: new TimerWheel(0, 25, 64),
      clock: { now: 0 },
      sharedNow: () => 0,
      wake: (run: () => void) => run(),
    };
    const spec = { limit: 1, adaptive: null, queueMax: 0, queueTimeoutMs: 0 };
    const gateOf = (slot: number) => new Gate(spec, new SharedStates(memory, slot).claim('route x', 0), context);
    const waiter = () => new Waiter(0, [], new Set());
    assert.equal(gateOf(0).enter(waiter()), Entry.admitted);
    const other = gateOf(1);
    assert.equal(other.enter(waiter()), Entry.refused);
    gateOf(0);
    assert.equal(other.enter(waiter()), Entry.admitted);
  });

  test('in every order of events: never more inside than the limit, nobody lost, nobody twice', () => {
    const step = fc.record({
      worker: fc.nat(2),
      what: fc.constantFrom('enter', 'enter', 'leave', 'forget', 'pass'),
      ms: fc.nat(200),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120, size: 'max' }),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(9),
        (steps, limit, queueMax) => {
          const all = workersAt(3, { limit, queueMax, queueTimeoutMs: 300 });
          const waiting = new Map<Waiter, number>();
          for (const { worker, what, ms } of steps) {
            if (what === 'enter') {
              const { waiter, entry } = all.enter(worker);
              if (entry === Entry.waits) waiting.set(waiter, worker);
            } else if (what === 'leave') all.leave(worker);
            else if (what === 'pass') all.pass(ms);
            else {
              const [first] = waiting;
              if (first === undefined) continue;
              all.workers[first[1]]!.gate.forget(first[0]);
              waiting.delete(first[0]);
            }
            assert.ok(all.inside <= limit, `${all.inside} of ${limit}`);
            assert.equal(all.workers[0]!.gate.inFlight, all.inside);
          }
          for (let i = 0; i < 200; i++) {
            for (const worker of [0, 1, 2]) all.leave(worker);
            all.pass(25);
          }
          assert.equal(all.inside, 0);
          assert.equal(new Set(all.events).size, all.events.length);
          for (const [waiter] of waiting) {
            const told = all.events.filter(event => event.endsWith(` ${waiter.id}`)).length;
            assert.equal(told, 1, `${waiter.id}`);
          }
          for (const { gate } of all.workers) assert.equal(gate.queued, 0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
