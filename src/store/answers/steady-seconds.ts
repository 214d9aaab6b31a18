// The clock for answers in memory that workers share: the machine's monotonic clock, which nobody sets. A clock that is set, or leaps when
// a virtual machine wakes, would end the record of a request that is under way, and its duplicates would be carried out as well.

import { monotonicMs } from '../shared-memory/table-header.ts';

/** Whole seconds of the monotonic clock, the same on all threads. */
export function steadySeconds(): number {
  return Math.floor(monotonicMs() / 1_000);
}
