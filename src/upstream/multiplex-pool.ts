// HTTP/2 connections of one worker to one endpoint: a few, each with many streams. Opens another connection only when the existing ones are
// full. Opens connections, lends streams on them, and closes them.

import { Fault } from '../base/fault.ts';
import type { HeadLimits } from '../http/h1/field-lines.ts';
import type { RequestWriter } from '../net/exchange-ends.ts';
import {
  ClientConnection,
  type ClientConnectionOwner,
  type ClientConnectionSettings,
} from '../net/h2/client-connection.ts';
import type { ThreadIo } from '../net/io.ts';
import type { ConnectionTarget } from '../net/upstream-connection.ts';
import { UpstreamCell } from '../telemetry/metric-families.ts';
import { ConnectionSeats } from './connection-seats.ts';
import type { ConnectionWaiter, EndpointPool } from './endpoint-pool.ts';
import type { GoawayCount } from './outlier/goaway-count.ts';
import type { PoolContext, PoolSettings } from './pool.ts';
import { WaiterQueue } from './waiter-queue.ts';

/**
 * Flow-control windows in bytes: how much response data an endpoint may send ahead. A stream's window starts small, because a client that
 * does not read makes the gateway hold that much for each stream. The window of a stream whose client keeps up widens enough to fill a fast
 * network. The connection window bounds all streams together.
 */
const INITIAL_WINDOW = 131_072;
const WIDEST_WINDOW = 1_048_576;
const CONNECTION_WINDOW = 16_777_216;
const PING_INTERVAL_MS = 30_000;

export class MultiplexPool implements EndpointPool, ClientConnectionOwner {
  readonly io: ThreadIo;
  readonly headLimits: HeadLimits;
  private readonly target: ConnectionTarget;
  private readonly settings: PoolSettings;
  private readonly connectionSettings: ClientConnectionSettings;
  private readonly cells: Float64Array;
  private readonly metricsOffset: number;
  private readonly goaways: GoawayCount | null;
  /** Called when the endpoint chooses HTTP/1.1 by ALPN; null when only HTTP/2 is offered. */
  private readonly onHttp1: (() => void) | null;
  private readonly waiters: WaiterQueue;
  private readonly seats: ConnectionSeats;
  /** Connections that are ready and take new streams. */
  private readonly open: ClientConnection[];
  /** Connections that finish their streams and take no new ones. */
  private readonly leaving: Set<ClientConnection>;
  /** Open connections without a stream; they count as idle. */
  private readonly resting: Set<ClientConnection>;
  private connecting: number;
  private retired: boolean;

  /** `goaways` counts the connections that the endpoint ends by GOAWAY; `seats` is shared when other pools connect to the same endpoint. */
  constructor(
    target: ConnectionTarget,
    settings: PoolSettings,
    metricsOffset: number,
    context: PoolContext,
    goaways: GoawayCount | null = null,
    onHttp1: (() => void) | null = null,
    seats = new ConnectionSeats(settings.maxConnections),
  ) {
    this.io = context.io;
    this.headLimits = context.headLimits;
    this.target = target;
    this.settings = settings;
    this.connectionSettings = {
      maxStreams: settings.maxStreams,
      maxRequests: settings.maxRequestsPerConnection,
      connectTimeoutMs: settings.connectTimeoutMs,
      idleTimeoutMs: settings.idleTimeoutMs,
      initialWindow: INITIAL_WINDOW,
      widestWindow: WIDEST_WINDOW,
      connectionWindow: CONNECTION_WINDOW,
      pingIntervalMs: PING_INTERVAL_MS,
    };
    this.cells = context.cells;
    this.metricsOffset = metricsOffset;
    this.goaways = goaways;
    this.onHttp1 = onHttp1;
    this.waiters = new WaiterQueue(context.cells, metricsOffset);
    this.seats = seats;
    this.open = [];
    this.leaving = new Set();
    this.resting = new Set();
    this.connecting = 0;
    this.retired = false;
  }

  get counts(): { active: number; idle: number; pending: number } {
    const idle = this.resting.size;
    return { active: this.open.length - idle + this.leaving.size, idle, pending: this.waiters.length };
  }

  acquire(waiter: ConnectionWaiter, fresh: boolean): RequestWriter | null {
    const connection = fresh && this.open.length > 1 ? this.newestWithRoom() : this.leastLoaded();
    if (connection !== null) return this.lend(connection);
    if (!this.openForOneMore() && this.waiters.length >= this.settings.maxPending + this.connecting) {
      waiter.onNoConnection(new Fault('upstream_queue_full'));
      return null;
    }
    this.waiters.push(waiter);
    return null;
  }

  forget(waiter: ConnectionWaiter): void {
    this.waiters.forget(waiter);
  }

  get isCold(): boolean {
    return this.open.length === 0 && this.connecting === 0;
  }

  warm(): void {
    if (this.isCold && !this.retired) this.connect();
  }

  retire(): void {
    this.retired = true;
    for (const connection of this.open.slice()) connection.leave();
  }

  // ---- Events of connections -----------------------------------------------------------------------------------

  onReady(connection: ClientConnection): void {
    this.connecting--;
    this.open.push(connection);
    this.cells[this.metricsOffset + UpstreamCell.connects]!++;
    this.cells[this.metricsOffset + UpstreamCell.connectionsActive]!++;
    this.serve(connection);
    this.rest(connection);
    if (this.retired) connection.leave();
    // The connection may allow fewer streams than `maxStreams`, so that waiters are left over.
    else this.openForWaiters();
  }

  onConnectFailed(_connection: ClientConnection, fault: Fault): void {
    this.connecting--;
    this.seats.giveBack(this);
    this.cells[this.metricsOffset + UpstreamCell.connectErrors]!++;
    // With another connection open or on its way, the waiters are served by that one. Otherwise no connection is coming for them.
    if (this.open.length > 0 || this.connecting > 0) return;
    for (const waiter of this.waiters.takeAll()) if (waiter.waiting) waiter.onNoConnection(fault);
  }

  onOtherProtocol(_connection: ClientConnection): void {
    this.connecting--;
    this.seats.giveBack(this);
    this.onHttp1?.();
  }

  onRoom(connection: ClientConnection): void {
    this.serve(connection);
    this.rest(connection);
  }

  onLeaving(connection: ClientConnection): void {
    const at = this.open.indexOf(connection);
    if (at !== -1) this.open.splice(at, 1);
    this.leaving.add(connection);
    this.wake(connection);
    this.openForWaiters();
  }

  onGoaway(requests: number, ageMs: number): void {
    this.goaways?.told(requests, ageMs);
  }

  onClosed(connection: ClientConnection): void {
    const at = this.open.indexOf(connection);
    if (at !== -1) this.open.splice(at, 1);
    this.leaving.delete(connection);
    this.wake(connection);
    this.cells[this.metricsOffset + UpstreamCell.connectionsActive]!--;
    this.seats.giveBack(this);
    this.openForWaiters();
  }

  /** Removes the waiters and returns them in their order, for the pool that replaces this one. */
  takeWaiters(): ConnectionWaiter[] {
    return this.waiters.takeAll();
  }

  // ---- Lending -------------------------------------------------------------------------------------------------

  private serve(connection: ClientConnection): void {
    while (this.waiters.length > 0 && connection.hasRoom) {
      const waiter = this.waiters.next();
      if (waiter === undefined) return;
      waiter.onConnection(this.lend(connection));
    }
  }

  private lend(connection: ClientConnection): RequestWriter {
    if (connection.load === 0) this.wake(connection);
    const stream = connection.open();
    if (stream.requests > 1) this.cells[this.metricsOffset + UpstreamCell.reuses]!++;
    return stream;
  }

  /** Counts the connection as idle when it has no stream. */
  private rest(connection: ClientConnection): void {
    if (connection.load > 0 || this.resting.has(connection) || !this.open.includes(connection)) return;
    this.resting.add(connection);
    this.cells[this.metricsOffset + UpstreamCell.connectionsActive]!--;
    this.cells[this.metricsOffset + UpstreamCell.connectionsIdle]!++;
    this.seats.noteRest(this);
  }

  /** Counts an idle connection as active again. */
  private wake(connection: ClientConnection): void {
    if (!this.resting.delete(connection)) return;
    this.cells[this.metricsOffset + UpstreamCell.connectionsIdle]!--;
    this.cells[this.metricsOffset + UpstreamCell.connectionsActive]!++;
  }

  /** The connection with the most room; null when none has any. */
  private leastLoaded(): ClientConnection | null {
    let best: ClientConnection | null = null;
    for (const connection of this.open) {
      if (connection.hasRoom && (best === null || connection.load < best.load)) best = connection;
    }
    return best;
  }

  /** The newest connection with room: after a connection was lost, the newest is the least likely to be lost as well. */
  private newestWithRoom(): ClientConnection | null {
    return this.open.findLast(({ hasRoom }) => hasRoom) ?? null;
  }

  /** Provides for one more waiter: true when a connection that is being opened has a stream for it, or when a new one could be opened. */
  private openForOneMore(): boolean {
    if (this.waiters.length < this.connecting * this.settings.maxStreams) return true;
    return this.connect();
  }

  /** Opens a connection when waiters are left over by those being opened, and a seat is free. */
  openForWaiters(): void {
    if (this.waiters.length > this.connecting * this.settings.maxStreams) this.connect();
  }

  /** Closes one idle connection, to free its seat for a pool beside this one. */
  closeOneAtRest(): void {
    for (const connection of this.resting) {
      connection.leave();
      return;
    }
  }

  private connect(): boolean {
    if (!this.seats.hasRoomFor(this)) return false;
    this.seats.take();
    this.connecting++;
    new ClientConnection(this.target, this.onHttp1 !== null, this.connectionSettings, this);
    return true;
  }
}
