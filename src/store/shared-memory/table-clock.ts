// The time by which all threads count in one table. Reads the thread's own coarse clock and shifts it.

import { monotonicMs } from './table-header.ts';

/** As src/base/clock.ts: monotonic milliseconds since the thread began, read once a loop turn. */
export interface ThreadClock {
  readonly now: number;
}

export class TableClock {
  private readonly thread: ThreadClock;
  private readonly shiftMs: number;

  constructor(thread: ThreadClock, shiftMs: number) {
    this.thread = thread;
    this.shiftMs = shiftMs;
  }

  /** `wallOffsetMs` of the table's header. */
  static of(thread: ThreadClock, wallOffsetMs: number): TableClock {
    return new TableClock(thread, monotonicMs() - performance.now() + wallOffsetMs);
  }

  /** Milliseconds since 1970 as of the table's making, never stepping. */
  get nowMs(): number {
    return this.thread.now + this.shiftMs;
  }
}
