// Nanoseconds that admission and the counts of requests in shared memory add to a request: `node bench/micro/admission.ts`.

import { ShedLevel } from '../../src/exchange/admission/shed-level.ts';
import { ThreadIo } from '../../src/net/io.ts';
import type { Gate, GateWaiter } from '../../src/upstream/admission/gate.ts';
import { makeGate } from '../../src/upstream/admission/make-gate.ts';
import { inFlightOfAll, SharedStates, stateMemory } from '../../src/upstream/state/shared-states.ts';
import { nanosecondsOf } from './nanoseconds-of.ts';

const CALLS = 2_000_000;

function report(name: string, call: (n: number) => unknown): void {
  console.log(`${name.padEnd(44)}${nanosecondsOf(CALLS, call).toFixed(1).padStart(8)} ns`);
}

class Nobody implements GateWaiter {
  waitsAt: Gate | null = null;
  waitsSince = 0;
  onAdmitted(): void {}
  onNotAdmitted(): void {}
}

report('loop alone', n => n);
for (const workers of [1, 2, 16]) {
  const states = new SharedStates(stateMemory(workers), 0);
  const block = states.claim('endpoint x', 0);
  report(`requests under way, of ${workers} workers`, () => inFlightOfAll(block));
  const waiter = new Nobody();
  const fixed = { limit: 100, adaptive: null, queueMax: 10, queueTimeoutMs: 100 };
  const gate = makeGate('route x', fixed, new ThreadIo(), states);
  report(`gate, in and out, ${workers} workers`, () => {
    gate.enter(waiter);
    gate.leave(1, false);
  });
  const spec = { limit: 0, adaptive: { min: 10, max: 1_000 }, queueMax: 0, queueTimeoutMs: 0 };
  const adaptive = makeGate('route y', spec, new ThreadIo(), states);
  report(`gate that adapts, in and out, ${workers} workers`, () => {
    adaptive.enter(waiter);
    adaptive.leave(1, false);
  });
}
const level = new ShedLevel();
report('shedding, nothing to shed', n => level.admits(n % 10));
