// Builds the gate of a worker: over the cells that all workers share, with this thread's wheel and clock.

import type { ThreadIo } from '../../net/io.ts';
import type { SharedStates } from '../state/shared-states.ts';
import { Gate, type GateSpec } from './gate.ts';

/** `name` says what the gate limits: `upstream users`, `route orders`. The same name on another worker denotes the same gate. */
export function makeGate(name: string, spec: GateSpec, io: ThreadIo, states: SharedStates): Gate {
  return new Gate(spec, states.claim(name, io.clock.now), {
    wheel: io.wheel,
    clock: io.clock,
    sharedNow: () => states.nowMs(io.clock.now),
    wake(run) {
      io.clock.tick();
      run();
      io.outbox.flush();
    },
  });
}
