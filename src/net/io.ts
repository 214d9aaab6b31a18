// What all connections of one thread share: the clock, the timer wheel, the outbox, buffers, and the end of a turn.

import { Clock } from '../base/clock.ts';
import { TimerWheel } from '../base/timer-wheel.ts';
import { BufferPool } from './buffer-pool.ts';
import { Outbox } from './outbox.ts';
import { TurnEnd, type TurnEndTask } from './turn-end.ts';

/** Width of a timer tick; deadlines fire up to this much late. */
const TICK_MS = 25;
const WHEEL_SLOTS = 4096;
/** Room for one read. Everything read is used or copied before the next read, so one buffer serves a thread. */
const READ_BUFFER_BYTES = 64 * 1024;
/** Room for what one read brings, as frames of HTTP/2, and the heads of some streams. */
const FRAME_BUFFER_BYTES = 72 * 1024;
const FREE_FRAME_BUFFERS_MAX = 16;

export class ThreadIo implements TurnEndTask {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly outbox: Outbox;
  readonly readBuffer: Buffer;
  readonly turnEnd: TurnEnd;
  /** Where connections that carry several exchanges at once gather what they send. */
  readonly frameBuffers: BufferPool;
  private timer: NodeJS.Timeout | null;
  /** Deadlines up to this are looked at when the turn ends: all that came before has been read by then. */
  private dueBy: number;

  constructor() {
    this.clock = new Clock();
    this.wheel = new TimerWheel(this.clock.now, TICK_MS, WHEEL_SLOTS);
    this.outbox = new Outbox();
    this.readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
    this.turnEnd = new TurnEnd();
    this.frameBuffers = new BufferPool(FRAME_BUFFER_BYTES, FREE_FRAME_BUFFERS_MAX);
    this.timer = null;
    this.dueBy = this.clock.now;
  }

  /** Starts the thread's one timer. It does not keep the process alive. */
  start(): void {
    // Because: this is the timer that all deadlines hang on.
    this.timer ??= setInterval(() => {
      this.dueBy = this.clock.tick();
      this.turnEnd.add(this);
    }, TICK_MS).unref();
  }

  /** Node runs timers before it reads: what had come in time, and lay in its socket during a long turn, is heard first. */
  onTurnEnd(): void {
    this.wheel.advance(this.dueBy, this.clock.tick());
    this.outbox.flush();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }
}
