// The time limits of one HTTP/2 client connection: how long it may take to begin, to complete a head, be idle, be silent, or take no
// bytes. Reports that a time is up; what then happens is the connection's business.

import type { Socket } from 'node:net';
import { type Timed, UNSCHEDULED } from '../../base/timer-wheel.ts';
import type { ConnectionLimits } from '../downstream-connection.ts';
import type { ThreadIo } from '../io.ts';
import { bytesTaken } from '../progress.ts';

/**
 * `step`: the step that `awaitStep` waits for did not come. `head`: a frame or header block was not completed. `stuck`: the client
 * takes less than the minimum rate. `idle`: no stream for the whole keep-alive time. `silent`: a PING was not answered.
 */
export type TimeUp = 'step' | 'head' | 'stuck' | 'idle' | 'silent';

/** What the watch needs of its connection. */
export interface WatchedConnection {
  readonly socket: Socket;
  /** No stream is open. */
  readonly idle: boolean;
  sendPing(): void;
  onTimeUp(why: TimeUp): void;
}

export interface WatchTimes {
  readonly io: ThreadIo;
  readonly limits: ConnectionLimits;
  readonly http2: { readonly pingIntervalMs: number };
}

export class ConnectionWatch implements Timed {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  private readonly connection: WatchedConnection;
  private readonly times: WatchTimes;
  /** When the awaited step is due; Infinity for none. */
  private stepDue: number;
  /** Only the awaited step, and a client that takes no bytes, count from now on. */
  private onlyStep: boolean;
  /** The unfinished frame or header block, as numbered by the reader (0 for none), and when it was first seen. */
  private unfinishedUnit: number;
  private unfinishedAt: number;
  private readAt: number;
  private idleAt: number;
  /** When an unanswered PING was sent; 0 for none. */
  private pingAt: number;
  /** While the client blocks: when the current window began (else 0), and the bytes that the client had taken by then. */
  private blockedAt: number;
  private takenBefore: number;

  constructor(connection: WatchedConnection, times: WatchTimes) {
    const { now } = times.io.clock;
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.connection = connection;
    this.times = times;
    this.stepDue = Infinity;
    this.onlyStep = false;
    this.unfinishedUnit = 0;
    this.unfinishedAt = 0;
    this.readAt = now;
    this.idleAt = now;
    this.pingAt = 0;
    this.blockedAt = 0;
    this.takenBefore = 0;
  }

  /**
   * Waits this long for the next step, else reports `step`. `onlyStep`: from now on no other time limit applies, but for that of a client
   * that takes no bytes.
   */
  awaitStep(delayMs: number, onlyStep = false): void {
    this.stepDue = this.times.io.clock.now + delayMs;
    this.onlyStep = onlyStep;
    this.look(delayMs);
  }

  /** The awaited step came. */
  stepDone(): void {
    this.stepDue = Infinity;
    this.look(this.times.limits.keepAliveTimeoutMs);
  }

  /** Bytes were read; `unfinishedUnit` is the frame reader's, afterwards. */
  onRead(unfinishedUnit: number): void {
    this.readAt = this.times.io.clock.now;
    this.pingAt = 0;
    if (unfinishedUnit === this.unfinishedUnit) return;
    this.unfinishedUnit = unfinishedUnit;
    this.unfinishedAt = this.readAt;
    if (unfinishedUnit !== 0) this.look(this.times.limits.headerTimeoutMs);
  }

  /** The first stream was opened. */
  onBusy(): void {
    this.look(this.times.http2.pingIntervalMs);
  }

  /** The last stream is over. */
  onIdle(): void {
    this.idleAt = this.times.io.clock.now;
    this.look(this.times.limits.keepAliveTimeoutMs);
  }

  onBlocked(): void {
    this.blockedAt = this.times.io.clock.now;
    this.takenBefore = bytesTaken(this.connection.socket);
    this.look(this.times.limits.writeTimeoutMs);
  }

  onDrained(): void {
    this.blockedAt = 0;
  }

  stop(): void {
    this.times.io.wheel.cancel(this);
  }

  onDeadline(now: number): void {
    const { connection, times } = this;
    const { limits, io } = times;
    io.clock.now = now;
    if (now >= this.stepDue) {
      this.stepDue = Infinity;
      connection.onTimeUp('step');
    } else if (this.blockedAt !== 0 && this.isStuck(now)) connection.onTimeUp('stuck');
    else if (this.onlyStep) {
      // Nothing else counts.
    } else if (this.unfinishedUnit !== 0 && now - this.unfinishedAt >= limits.headerTimeoutMs)
      connection.onTimeUp('head');
    else if (connection.idle) {
      if (now - this.idleAt >= limits.keepAliveTimeoutMs) connection.onTimeUp('idle');
    } else this.checkSilence(now);
    this.lookAgain(now);
  }

  /**
   * Sends a PING to a client that was silent, and reports the client as `silent` when it does not answer. One that has sent FIN cannot
   * answer any more: if it is gone, it resets the connection because of the PING, and if it waits for its response, it gets a PING each time.
   */
  private checkSilence(now: number): void {
    const { connection, pingAt } = this;
    if (now - (pingAt === 0 ? this.readAt : pingAt) < this.times.http2.pingIntervalMs) return;
    if (pingAt !== 0 && !connection.socket.readableEnded) {
      connection.onTimeUp('silent');
      return;
    }
    this.pingAt = now;
    connection.sendPing();
  }

  /** Whether the client took less than the minimum rate over a whole window; otherwise begins the next window. */
  private isStuck(now: number): boolean {
    const { writeTimeoutMs, minimumRateBytesPerSecond } = this.times.limits;
    if (now - this.blockedAt < writeTimeoutMs) return false;
    const taken = bytesTaken(this.connection.socket) - this.takenBefore;
    if (taken === 0 || taken * 1000 < minimumRateBytesPerSecond * writeTimeoutMs) return true;
    this.onBlocked();
    return false;
  }

  /** Schedules the next check, for when the next of the times can be up. */
  private lookAgain(now: number): void {
    const { connection, times } = this;
    const { limits, http2 } = times;
    let at = this.stepDue;
    if (this.blockedAt !== 0) at = Math.min(at, this.blockedAt + limits.writeTimeoutMs);
    if (!this.onlyStep) {
      const ping = (this.pingAt === 0 ? this.readAt : this.pingAt) + http2.pingIntervalMs;
      at = Math.min(at, connection.idle ? this.idleAt + limits.keepAliveTimeoutMs : ping);
      if (this.unfinishedUnit !== 0) at = Math.min(at, this.unfinishedAt + limits.headerTimeoutMs);
    }
    if (at !== Infinity && !connection.socket.destroyed) times.io.wheel.schedule(this, Math.max(at, now + 1));
  }

  /** Schedules a check in `delayMs` at the latest; an earlier one stands. */
  private look(delayMs: number): void {
    const { clock, wheel } = this.times.io;
    const at = clock.now + delayMs;
    if (at < this.deadline || this.deadline <= clock.now) wheel.schedule(this, at);
  }
}
