// Shared memory as a worker offers it, with a clock that the test moves. For tests.

import { LocalLimiterStore, type SharedMemory } from './local-limiter.ts';

/** Stores over the same tables share their cells, as workers do. */
export function testStore(
  bytes: number,
  tables = new Map<string, SharedArrayBuffer>(),
): { store: LocalLimiterStore; memory: SharedMemory; clock: { now: number }; tables: Map<string, SharedArrayBuffer> } {
  const clock = { now: performance.now() };
  const kept = new Map<string, object>();
  const memory: SharedMemory = {
    clock,
    sharedTable(name) {
      if (!tables.has(name)) tables.set(name, new SharedArrayBuffer(bytes));
      return tables.get(name)!;
    },
    lasting<Value extends object>(key: string, make: () => Value) {
      if (!kept.has(key)) kept.set(key, make());
      return kept.get(key) as Value; // Because: each key has one kind of object
    },
  };
  return { store: new LocalLimiterStore(memory, bytes), memory, clock, tables };
}
