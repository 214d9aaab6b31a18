// What all connections of one thread share: the clock, the timer wheel, the outbox and the read buffer.

import { Clock } from '../base/clock.ts';
import { TimerWheel } from '../base/timer-wheel.ts';
import { Outbox } from './outbox.ts';

/** Width of a timer tick; deadlines fire up to this much late. */
const TICK_MS = 25;
const WHEEL_SLOTS = 4096;
/** Room for one read. Everything read is used or copied before the next read, so one buffer serves a thread. */
export const READ_BUFFER_BYTES = 64 * 1024;

export class ThreadIo {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly outbox: Outbox;
  readonly readBuffer: Buffer;
  private timer: NodeJS.Timeout | null;

  constructor() {
    this.clock = new Clock();
    this.wheel = new TimerWheel(this.clock.now, TICK_MS, WHEEL_SLOTS);
    this.outbox = new Outbox();
    this.readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
    this.timer = null;
  }

  /** Starts the thread's one timer. It does not keep the process alive. */
  start(): void {
    // Because: this is the timer that all deadlines hang on.
    this.timer ??= setInterval(() => {
      this.wheel.advance(this.clock.tick());
      this.outbox.flush();
    }, TICK_MS).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }
}
