// The time by which all threads count in one table. Reads the thread's own coarse clock and shifts it.

import { monotonicMs } from './table-header.ts';

/** As src/base/clock.ts: monotonic milliseconds since the thread began, read once a loop turn. */
export interface ThreadClock {
  readonly now: number;
}

const TRIES = 5;

/**
 * What a thread's own clock lags behind the system's: the same for as long as the thread lives. Read once, between two readings of
 * the other clock that lie as close together as can be had: limits that are opened later, as after a reload, must not count by
 * another time, be it by a microsecond.
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

  /** `wallOffsetMs` of the table's header. */
  static of(thread: ThreadClock, wallOffsetMs: number): TableClock {
    return new TableClock(thread, threadStartedMs + wallOffsetMs);
  }

  /** Milliseconds since 1970 as of the table's making, never stepping. */
  get nowMs(): number {
    return this.thread.now + this.shiftMs;
  }
}
