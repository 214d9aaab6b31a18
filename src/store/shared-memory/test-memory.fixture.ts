// Shared memory as a worker offers it, with a clock that the test moves. For tests.

import { lastingObjects } from '../../../test/support/lasting-objects.ts';
import { LocalLimiterStore, type SharedMemory } from './local-limiter.ts';

/** Stores over the same tables share their cells, as workers do. */
export function testStore(
  bytes: number,
  tables = new Map<string, SharedArrayBuffer>(),
): { store: LocalLimiterStore; memory: SharedMemory; clock: { now: number }; tables: Map<string, SharedArrayBuffer> } {
  const clock = { now: performance.now() };
  const memory: SharedMemory = {
    clock,
    sharedTable(name) {
      if (!tables.has(name)) tables.set(name, new SharedArrayBuffer(bytes));
      return tables.get(name)!;
    },
    lasting: lastingObjects(),
  };
  return { store: new LocalLimiterStore(memory, bytes), memory, clock, tables };
}
