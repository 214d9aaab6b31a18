// The time by which workers keep answers in memory that they share: of the machine's clock that nobody sets. One that is set, or leaps as a virtual
// machine wakes, would end what is known of a request that is under way, and its duplicates would be done as well.

import { monotonicMs } from '../shared-memory/table-header.ts';

/** Whole seconds, the same on all threads. */
export function steadySeconds(): number {
  return Math.floor(monotonicMs() / 1_000);
}
