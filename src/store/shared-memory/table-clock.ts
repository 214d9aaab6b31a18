// The time by which all threads count in one table: the thread's own coarse clock, shifted.

import { monotonicMs } from './table-header.ts';

/** As src/base/clock.ts: monotonic milliseconds since the thread began, read once per turn of the event loop. */
export interface ThreadClock {
  readonly now: number;
}

const TRIES = 5;

/**
 * When this thread's clock began, in milliseconds of the system's monotonic clock; it never changes. Measured once, by the pair of readings
 * that lie closest together: limits that are opened later, as after a reload, must not count by a time that differs, not even by a
 * microsecond.
 */
const threadStartedMs = ((): number => {
  let startedMs = 0;
  let closest = Infinity;
  for (let n = 0; n < TRIES; n++) {
    const before = performance.now();
    const systemMs = monotonicMs();
    const between = performance.now() - before;
    if (between >= closest) continue;
    closest = between;
    startedMs = systemMs - before - between / 2;
  }
  return startedMs;
})();

export class TableClock {
  private readonly thread: ThreadClock;
  private readonly shiftMs: number;

  constructor(thread: ThreadClock, shiftMs: number) {
    this.thread = thread;
    this.shiftMs = shiftMs;
  }

  /** `wallOffsetMs` is that of the table's header. */
  static of(thread: ThreadClock, wallOffsetMs: number): TableClock {
    return new TableClock(thread, threadStartedMs + wallOffsetMs);
  }

  /** Milliseconds since 1970 by the wall clock at the time when the table was made; never steps. */
  get nowMs(): number {
    return this.thread.now + this.shiftMs;
  }
}
