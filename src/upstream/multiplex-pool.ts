// HTTP/2 connections of one worker to one endpoint: a few, each with many streams. Opens another only when those that are there
// are full. Opens, lends, and lets go.

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
 * Bytes of answers that an endpoint may send ahead: little to begin with, since that is what a client that does not read makes us hold for each
 * of its streams; for one that keeps up enough to fill a fast network; and bounded for all.
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
  /** Told when the endpoint does not choose HTTP/2; null where it has no choice. */
  private readonly onHttp1: (() => void) | null;
  private readonly waiters: WaiterQueue;
  private readonly seats: ConnectionSeats;
  /** Ready and taking streams. */
  private readonly open: ClientConnection[];
  /** With streams to finish, and taking no more. */
  private readonly leaving: Set<ClientConnection>;
  /** Open and without a stream: counted as idle. */
  private readonly resting: Set<ClientConnection>;
  private connecting: number;
  private retired: boolean;

  /** `goaways` hears of connections that the endpoint ends; `seats` where other pools of the same endpoint have connections as well. */
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
    const connection = fresh && this.open.length > 1 ? this.leastUsed() : this.leastLoaded();
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
    // It may take fewer streams than were hoped for.
    else this.openForWaiters();
  }

  onConnectFailed(_connection: ClientConnection, fault: Fault): void {
    this.connecting--;
    this.seats.giveBack(this);
    this.cells[this.metricsOffset + UpstreamCell.connectErrors]!++;
    // Those who wait for it wait for nothing any more; with another connection open they are served by that one.
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

  /** Gives up those who wait, in their order, to whoever serves them now. */
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

  /** Counts it as idle where it has no stream. */
  private rest(connection: ClientConnection): void {
    if (connection.load > 0 || this.resting.has(connection) || !this.open.includes(connection)) return;
    this.resting.add(connection);
    this.cells[this.metricsOffset + UpstreamCell.connectionsActive]!--;
    this.cells[this.metricsOffset + UpstreamCell.connectionsIdle]!++;
    this.seats.noteRest(this);
  }

  /** Counts it as active again. */
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

  /** The youngest one with room: after a loss the least likely to be lost as well. */
  private leastUsed(): ClientConnection | null {
    return this.open.findLast(({ hasRoom }) => hasRoom) ?? null;
  }

  /** Opens a connection where those that are being made will be full; true when one is on its way for one more waiter. */
  private openForOneMore(): boolean {
    if (this.waiters.length < this.connecting * this.settings.maxStreams) return true;
    return this.connect();
  }

  /** Where there is room, a connection for those who wait and have none on its way. */
  openForWaiters(): void {
    if (this.waiters.length > this.connecting * this.settings.maxStreams) this.connect();
  }

  /** Makes room for a pool beside this one. */
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
