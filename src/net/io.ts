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
/** Room for the bytes of one read as HTTP/2 frames, and for the heads of some streams. */
const FRAME_BUFFER_BYTES = 72 * 1024;
const FREE_FRAME_BUFFERS_MAX = 16;

export class ThreadIo implements TurnEndTask {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly outbox: Outbox;
  readonly readBuffer: Buffer;
  readonly turnEnd: TurnEnd;
  /** The buffers in which HTTP/2 connections gather the frames that they send. */
  readonly frameBuffers: BufferPool;
  private timer: NodeJS.Timeout | null;
  /** Deadlines up to this time are handled at the end of the turn: all bytes that arrived before it have been read by then. */
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
    // Because: this one timer drives all deadlines of the thread.
    this.timer ??= setInterval(() => {
      this.dueBy = this.clock.tick();
      this.turnEnd.add(this);
    }, TICK_MS).unref();
  }

  /**
   * Handles the deadlines that were due. It does so after the turn's reads because Node runs timers before it reads: bytes may have
   * come in time, and lain in their socket during a long turn.
   */
  onTurnEnd(): void {
    this.wheel.advance(this.dueBy, this.clock.tick());
    this.outbox.flush();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }
}
