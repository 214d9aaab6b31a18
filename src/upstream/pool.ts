// Kept-alive HTTP/1.1 connections of one worker to one endpoint, and the requests that wait for one. Opens connections, lends them and
// takes them back.

import { Fault } from '../base/fault.ts';
import type { HeadLimits } from '../http/h1/field-lines.ts';
import type { ThreadIo } from '../net/io.ts';
import type { ClientTlsBook } from '../net/tls/client-tls-book.ts';
import { type ConnectionOwner, type ConnectionTarget, UpstreamConnection } from '../net/upstream-connection.ts';
import { UpstreamCell } from '../telemetry/metric-families.ts';
import { ConnectionSeats } from './connection-seats.ts';
import type { ConnectionWaiter, EndpointPool } from './endpoint-pool.ts';
import { WaiterQueue } from './waiter-queue.ts';

/**
 * Limits of a pool; 0 means no limit for maxConnections, maxRequestsPerConnection and idleTimeoutMs. Structurally equal to `PoolConfig` in
 * src/config/config.ts.
 */
export interface PoolSettings {
  readonly maxConnections: number;
  /** Requests that may wait, besides those for which a connection is being opened. */
  readonly maxPending: number;
  readonly maxRequestsPerConnection: number;
  /** Concurrent streams on one HTTP/2 connection. */
  readonly maxStreams: number;
  readonly idleTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** What a pool shares with the rest of its worker. */
export interface PoolContext {
  readonly io: ThreadIo;
  readonly headLimits: HeadLimits;
  readonly cells: Float64Array;
  /** Left out when no upstream is reached over TLS. */
  readonly clientTls?: ClientTlsBook;
}

export class Pool implements EndpointPool, ConnectionOwner {
  readonly io: ThreadIo;
  readonly headLimits: HeadLimits;
  private readonly target: ConnectionTarget;
  private readonly settings: PoolSettings;
  private readonly cells: Float64Array;
  private readonly metricsOffset: number;
  /** The connection that was used last is lent first, so that the others reach their idle timeout and are closed. */
  private readonly idle: UpstreamConnection[];
  private readonly waiters: WaiterQueue;
  /** Waiters that accept only a connection that served no request yet. A new connection is given to them first. */
  private readonly freshWaiters: WaiterQueue;
  private readonly seats: ConnectionSeats;
  private connecting: number;
  /** Number of connections, including those being opened. */
  private total: number;
  private retired: boolean;
  /**
   * Called when an endpoint that was reached before fails the TLS handshake, so no longer accepts the offered protocol; null when there is
   * no other protocol to offer.
   */
  private readonly onProtocolRefused: (() => void) | null;
  private reached: boolean;

  /** `seats` is shared when other pools connect to the same endpoint. */
  constructor(
    target: ConnectionTarget,
    settings: PoolSettings,
    metricsOffset: number,
    context: PoolContext,
    onProtocolRefused: (() => void) | null = null,
    seats = new ConnectionSeats(settings.maxConnections),
  ) {
    this.io = context.io;
    this.headLimits = context.headLimits;
    this.cells = context.cells;
    this.target = target;
    this.settings = settings;
    this.metricsOffset = metricsOffset;
    this.idle = [];
    this.waiters = new WaiterQueue(context.cells, metricsOffset);
    this.freshWaiters = new WaiterQueue(context.cells, metricsOffset);
    this.seats = seats;
    this.connecting = 0;
    this.total = 0;
    this.retired = false;
    this.onProtocolRefused = onProtocolRefused;
    this.reached = false;
  }

  get counts(): { active: number; idle: number; pending: number } {
    const idle = this.idle.length;
    return { active: this.total - this.connecting - idle, idle, pending: this.pending };
  }

  acquire(waiter: ConnectionWaiter, fresh: boolean): UpstreamConnection | null {
    const { idle, cells, metricsOffset } = this;
    while (!fresh && idle.length > 0) {
      const connection = idle.pop()!;
      cells[metricsOffset + UpstreamCell.connectionsIdle]!--;
      cells[metricsOffset + UpstreamCell.connectionsActive]!++;
      if (!connection.usable) {
        // The connection broke, but its `onClosed` has not come yet. It counts as active now, since `onClosed` will not find it among the
        // idle ones.
        connection.close();
        continue;
      }
      if (connection.requests > 0) cells[metricsOffset + UpstreamCell.reuses]!++;
      return connection;
    }
    // An idle connection gives its seat back only when it closes: close one to make room for the fresh connection.
    if (fresh && this.seats.isFull) idle[0]?.close();
    if (this.seats.hasRoomFor(this)) {
      this.open();
    } else if (this.pending - this.connecting >= this.settings.maxPending) {
      waiter.onNoConnection(new Fault('upstream_queue_full'));
      return null;
    }
    if (fresh) this.freshWaiters.push(waiter);
    else this.waiters.push(waiter);
    return null;
  }

  private get pending(): number {
    return this.waiters.length + this.freshWaiters.length;
  }

  get isCold(): boolean {
    return this.idle.length === 0 && this.connecting === 0;
  }

  /** Whether no connection is open or being opened. */
  get isEmpty(): boolean {
    return this.total === 0;
  }

  /** Removes the waiters and returns them in the order in which they are served, for the pool that replaces this one. */
  takeWaiters(): ConnectionWaiter[] {
    return [...this.freshWaiters.takeAll(), ...this.waiters.takeAll()];
  }

  warm(): void {
    if (this.isCold && !this.retired && !this.seats.isFull) this.open();
  }

  forget(waiter: ConnectionWaiter): void {
    this.waiters.forget(waiter);
    this.freshWaiters.forget(waiter);
  }

  retire(): void {
    this.retired = true;
    for (const connection of this.idle.slice()) connection.close();
  }

  onConnected(connection: UpstreamConnection): void {
    this.connecting--;
    this.reached = true;
    this.cells[this.metricsOffset + UpstreamCell.connects]!++;
    this.lend(connection, this.nextWaiter());
  }

  onConnectFailed(_connection: UpstreamConnection, fault: Fault): void {
    this.connecting--;
    this.cells[this.metricsOffset + UpstreamCell.connectErrors]!++;
    this.leaveSeat();
    if (this.reached && this.onProtocolRefused !== null && fault.code === 'upstream_tls_failed') {
      this.reached = false;
      this.onProtocolRefused();
    }
    this.nextWaiter()?.onNoConnection(fault);
    if (fault.code === 'upstream_connect_timeout' && this.total === this.connecting) this.giveUpExcess(fault);
    this.openForWaiters();
  }

  /**
   * Fails the waiters for which no connection is being opened, after a connect timeout with no connection open: they would wait for one
   * timeout after another.
   */
  private giveUpExcess(fault: Fault): void {
    // The number is taken first, because a waiter that is told may queue again for another attempt.
    for (let excess = this.pending - this.connecting; excess > 0; excess--) {
      this.nextWaiter()?.onNoConnection(fault);
    }
  }

  onReleased(connection: UpstreamConnection): void {
    const { maxRequestsPerConnection } = this.settings;
    this.cells[this.metricsOffset + UpstreamCell.connectionsActive]!--;
    const isSpent = maxRequestsPerConnection !== 0 && connection.requests >= maxRequestsPerConnection;
    // A waiter for a fresh connection, for which none is being opened, needs this one's seat.
    if (isSpent || this.freshWaiters.length > this.connecting) {
      this.cells[this.metricsOffset + UpstreamCell.connectionsActive]!++;
      connection.close();
    } else this.lend(connection, this.waiters.next());
  }

  onClosed(connection: UpstreamConnection): void {
    const at = this.idle.lastIndexOf(connection);
    if (at !== -1) {
      this.idle.splice(at, 1);
      this.cells[this.metricsOffset + UpstreamCell.connectionsIdle]!--;
    } else {
      this.cells[this.metricsOffset + UpstreamCell.connectionsActive]!--;
    }
    this.leaveSeat();
    this.openForWaiters();
  }

  private leaveSeat(): void {
    this.total--;
    this.seats.giveBack(this);
  }

  /** The waiter that gets the next new connection. */
  private nextWaiter(): ConnectionWaiter | undefined {
    return this.freshWaiters.next() ?? this.waiters.next();
  }

  /** Gives a free connection to this waiter, or keeps it as idle when there is none. */
  private lend(connection: UpstreamConnection, waiter: ConnectionWaiter | undefined): void {
    if (waiter !== undefined) {
      this.cells[this.metricsOffset + UpstreamCell.connectionsActive]!++;
      if (connection.requests > 0) this.cells[this.metricsOffset + UpstreamCell.reuses]!++;
      waiter.onConnection(connection);
      return;
    }
    this.cells[this.metricsOffset + UpstreamCell.connectionsIdle]!++;
    this.idle.push(connection);
    if (this.retired) {
      connection.close();
      return;
    }
    connection.rest(this.settings.idleTimeoutMs);
    this.seats.noteRest(this);
  }

  private open(): void {
    this.total++;
    this.seats.take();
    this.connecting++;
    new UpstreamConnection(this.target, this.settings.connectTimeoutMs, this);
  }

  /** Opens a connection when there are more waiters than connections being opened, and a seat is free. */
  openForWaiters(): void {
    if (this.pending > this.connecting && this.seats.hasRoomFor(this)) this.open();
  }

  /** Closes the connection that has been idle longest, to free its seat for a pool beside this one. */
  closeOneAtRest(): void {
    this.idle[0]?.close();
  }
}
