// Kept-alive connections of one worker to one endpoint, and the requests that wait for one. Opens, lends and takes back.

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
 * Limits of a pool; 0 means none for maxConnections, maxRequestsPerConnection and idleTimeoutMs. See `PoolConfig` in src/config/config.ts, to
 * which this is structurally equal.
 */
export interface PoolSettings {
  readonly maxConnections: number;
  readonly maxPending: number;
  readonly maxRequestsPerConnection: number;
  /** On one HTTP/2 connection at once. */
  readonly maxStreams: number;
  readonly idleTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** What a pool shares with the rest of its worker. */
export interface PoolContext {
  readonly io: ThreadIo;
  readonly headLimits: HeadLimits;
  readonly cells: Float64Array;
  /** Left out where nothing is reached over TLS. */
  readonly clientTls?: ClientTlsBook;
}

export class Pool implements EndpointPool, ConnectionOwner {
  readonly io: ThreadIo;
  readonly headLimits: HeadLimits;
  private readonly target: ConnectionTarget;
  private readonly settings: PoolSettings;
  private readonly cells: Float64Array;
  private readonly metricsOffset: number;
  /** The one that was used last is lent first, so that the others grow old and are closed. */
  private readonly idle: UpstreamConnection[];
  private readonly waiters: WaiterQueue;
  private readonly seats: ConnectionSeats;
  private connecting: number;
  /** Connections that exist, those being made included. */
  private total: number;
  private retired: boolean;
  /** Told when an endpoint that was reached before no longer takes what is offered to it; null where nothing else could be. */
  private readonly onTurnedAway: (() => void) | null;
  private reached: boolean;

  /** `seats` where other pools of the same endpoint have connections as well. */
  constructor(
    target: ConnectionTarget,
    settings: PoolSettings,
    metricsOffset: number,
    context: PoolContext,
    onTurnedAway: (() => void) | null = null,
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
    this.seats = seats;
    this.connecting = 0;
    this.total = 0;
    this.retired = false;
    this.onTurnedAway = onTurnedAway;
    this.reached = false;
  }

  get counts(): { active: number; idle: number; pending: number } {
    const idle = this.idle.length;
    return { active: this.total - this.connecting - idle, idle, pending: this.waiters.length };
  }

  acquire(waiter: ConnectionWaiter, fresh: boolean): UpstreamConnection | null {
    const { idle, cells, metricsOffset } = this;
    while (!fresh && idle.length > 0) {
      const connection = idle.pop()!;
      cells[metricsOffset + UpstreamCell.connectionsIdle]!--;
      cells[metricsOffset + UpstreamCell.connectionsActive]!++;
      if (!connection.usable) {
        // It broke and has not told yet, and is no longer among those at rest when it does.
        connection.close();
        continue;
      }
      cells[metricsOffset + UpstreamCell.reuses]!++;
      return connection;
    }
    // A connection that rests is given back by nobody: one makes room for the new one that is asked for.
    if (fresh && this.seats.isFull) idle[0]?.close();
    if (this.seats.hasRoomFor(this)) {
      this.open();
    } else if (this.waiters.length - this.connecting >= this.settings.maxPending) {
      waiter.onNoConnection(new Fault('upstream_queue_full'));
      return null;
    }
    this.waiters.push(waiter);
    return null;
  }

  get isCold(): boolean {
    return this.idle.length === 0 && this.connecting === 0;
  }

  /** Whether nothing is open or being opened. */
  get isEmpty(): boolean {
    return this.total === 0;
  }

  /** Gives up those who wait, in their order, to whoever serves them now. */
  takeWaiters(): ConnectionWaiter[] {
    return this.waiters.takeAll();
  }

  warm(): void {
    if (this.isCold && !this.retired && !this.seats.isFull) this.open();
  }

  forget(waiter: ConnectionWaiter): void {
    this.waiters.forget(waiter);
  }

  retire(): void {
    this.retired = true;
    for (const connection of this.idle.slice()) connection.close();
  }

  onConnected(connection: UpstreamConnection): void {
    this.connecting--;
    this.reached = true;
    this.cells[this.metricsOffset + UpstreamCell.connects]!++;
    this.lend(connection);
  }

  onConnectFailed(_connection: UpstreamConnection, fault: Fault): void {
    this.connecting--;
    this.cells[this.metricsOffset + UpstreamCell.connectErrors]!++;
    this.leaveSeat();
    if (this.reached && this.onTurnedAway !== null && fault.code === 'upstream_tls_failed') {
      this.reached = false;
      this.onTurnedAway();
    }
    this.waiters.next()?.onNoConnection(fault);
    if (fault.code === 'upstream_connect_timeout' && this.total === this.connecting) this.giveUpExcess(fault);
    this.openForWaiters();
  }

  /** Nothing is open, and to try takes its time: those for whom no try is under way would wait for one round after another. */
  private giveUpExcess(fault: Fault): void {
    // Told, they may come back to wait for another try.
    for (let excess = this.waiters.length - this.connecting; excess > 0; excess--) {
      this.waiters.next()?.onNoConnection(fault);
    }
  }

  onReleased(connection: UpstreamConnection): void {
    const { maxRequestsPerConnection } = this.settings;
    this.cells[this.metricsOffset + UpstreamCell.connectionsActive]!--;
    if (maxRequestsPerConnection !== 0 && connection.requests >= maxRequestsPerConnection) {
      this.cells[this.metricsOffset + UpstreamCell.connectionsActive]!++;
      connection.close();
    } else this.lend(connection);
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

  /** Gives a free connection to whoever waits longest, or puts it aside. */
  private lend(connection: UpstreamConnection): void {
    const waiter = this.waiters.next();
    if (waiter !== undefined) {
      this.cells[this.metricsOffset + UpstreamCell.connectionsActive]!++;
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

  /** Where there is room, a connection for whoever waits and has none on its way. */
  openForWaiters(): void {
    if (this.waiters.length > this.connecting && this.seats.hasRoomFor(this)) this.open();
  }

  /** Makes room for a pool beside this one, with the connection that has been idle longest. */
  closeOneAtRest(): void {
    this.idle[0]?.close();
  }
}
