// The data plane of one worker: takes accepted sockets, holds the current snapshot, drains. Starts no listener itself.

import type { Socket } from 'node:net';
import { Fault } from '../base/fault.ts';
import type { RequestHead } from '../http/request-head.ts';
import { listenTo, readByEvents, type SocketEvents, startReading, supportsOwnAccept } from '../net/accepted-socket.ts';
import type { Client } from '../net/client.ts';
import { DownstreamConnection } from '../net/downstream-connection.ts';
import type { RequestEvents, ResponseWriter } from '../net/exchange-ends.ts';
import { PrefaceReader } from '../net/h2/preface-reader.ts';
import { ServerConnection } from '../net/h2/server-connection.ts';
import type { ServerStream } from '../net/h2/server-stream.ts';
import type { ThreadIo } from '../net/io.ts';
import { ProxyProtocolReader } from '../net/proxy-protocol.ts';
import type { Handshake } from '../net/tls/handshake.ts';
import type { HandshakeFailure, ServerTls } from '../net/tls/server-tls.ts';
import type { AccessLog } from '../telemetry/access-log.ts';
import type { ConsumerCounter } from '../telemetry/consumer-counter.ts';
import type { Http2Reason } from '../telemetry/http2-reasons.ts';
import { IdBlocks } from '../telemetry/id-blocks.ts';
import { http2Cell, WorkerCell } from '../telemetry/metric-families.ts';
import { newRequestId } from '../telemetry/request-id.ts';
import type { SharedStates } from '../upstream/state/shared-states.ts';
import { Shedder } from './admission/shedder.ts';
import { begin } from './begin.ts';
import { ConnectionRoom } from './connection-room.ts';
import { Unattended } from './deferred/unattended.ts';
import { Entrance } from './entrance.ts';
import { Exchange } from './exchange.ts';
import { clientOf } from './forwarded.ts';
import { failureCells } from './handshake-cells.ts';
import type { ListenerSettings } from './listener-settings.ts';
import { type OpenConnection, OpenConnections } from './open-connections.ts';
import { failureLogs } from './outcome.ts';
import { problemMessage } from './problem.ts';
import { recordMalformed } from './record-malformed.ts';
import { refuseStream } from './refuse-stream.ts';
import type { ExchangeServices } from './services.ts';
import type { Snapshot } from './snapshot.ts';
import { steps } from './steps.ts';

export interface GatewayServices {
  readonly io: ThreadIo;
  /** Metric cells of this worker, and where the worker's own block begins. */
  readonly cells: Float64Array;
  readonly workerMetricsOffset: number;
  /** Left out or null: requests are not counted by consumer. */
  readonly consumers?: ConsumerCounter | null;
  readonly accessLog: AccessLog;
  /** Writes one line for the operator. */
  readonly log: ExchangeServices['log'];
  /** Left out: this worker shares no states with other workers. */
  readonly states?: SharedStates;
}

export class Gateway {
  private current: Snapshot;
  private readonly services: ExchangeServices;
  private readonly open: OpenConnections;
  private readonly room: ConnectionRoom;
  private readonly entrances: WeakMap<ListenerSettings, Entrance>;
  private readonly shedder: Shedder;
  private underWay: number;
  private ownAccept: boolean;

  constructor(snapshot: Snapshot, services: GatewayServices) {
    this.current = snapshot;
    const gateway = this;
    const { cells, workerMetricsOffset, log, states } = services;
    this.shedder = new Shedder({
      ownInFlight: () => this.underWay,
      block: states === undefined ? null : states.claim('gateway', services.io.clock.now),
      log,
      onShare(share) {
        cells[workerMetricsOffset + WorkerCell.shedShare] = share;
      },
    });
    this.services = {
      ...services,
      consumers: services.consumers ?? null,
      shedder: this.shedder,
      unattended: new Unattended(services.io),
      ids: new IdBlocks(),
      ...failureLogs(log),
      steps,
      hasNoClient: false,
      get headLimits() {
        return gateway.current.limits;
      },
      onEnded: () => this.exchangeEnded(),
    };
    this.open = new OpenConnections(services.io);
    this.room = new ConnectionRoom(services.io.clock, cells, workerMetricsOffset, log);
    this.entrances = new WeakMap();
    this.underWay = 0;
    this.ownAccept = false;
    this.shedder.become(snapshot.shedding ?? null);
  }

  /** Finds out whether this Node lets accepted sockets share a read buffer. Call once, before the first `accept`. */
  async prepare(): Promise<void> {
    this.ownAccept = await supportsOwnAccept();
    if (!this.ownAccept)
      this.services.log(
        'warn',
        'this Node does not let accepted sockets share a read buffer; every request costs more',
      );
  }

  get snapshot(): Snapshot {
    return this.current;
  }

  /** Exchanges in progress. */
  get inFlight(): number {
    return this.underWay;
  }

  /** Open client connections. */
  get connections(): number {
    return this.open.size;
  }

  /** New exchanges use `next` from now on; those in progress keep theirs. Upstreams that `next` no longer has are retired. */
  swap(next: Snapshot): void {
    const before = this.current;
    this.current = next;
    for (const upstream of before.upstreams.values()) {
      const successor = next.upstreams.get(upstream.name) ?? null;
      if (successor !== upstream) upstream.retire(successor);
    }
    this.shedder.become(next.shedding ?? null);
    for (const [name, gate] of before.gates ?? []) {
      const successor = next.gates?.get(name) ?? null;
      if (successor !== gate) gate.adoptLimitOf(successor);
    }
  }

  /** Takes an accepted socket from `Listener`; closes it when there is no room for another connection. */
  accept(socket: Socket, settings: ListenerSettings): void {
    this.io.clock.tick();
    if (!this.room.hasRoomFor(socket, this.open.accepted, this.current.limits.connectionsMax)) {
      socket.destroy();
      return;
    }
    let entrance = this.entrances.get(settings);
    if (entrance === undefined) {
      entrance = new Entrance(this, settings);
      this.entrances.set(settings, entrance);
    }
    const client = entrance.clientOf(socket.remoteAddress ?? '', socket.remotePort ?? 0);
    if (settings.proxyProtocol) {
      this.open.addUnidentified(socket);
      listenTo(socket, new ProxyProtocolReader(socket, this.io, this.current.limits.headerTimeoutMs, entrance, client));
    } else if (settings.tls !== null) {
      this.secure(socket, client, entrance, settings.tls);
      return;
    } else this.serve(socket, client, entrance);
    if (this.ownAccept) startReading(socket);
    else readByEvents(socket);
  }

  /** Begins a TLS handshake on a socket. Null when too many are in progress: the socket is then closed. */
  secure(socket: Socket, client: Client, entrance: Entrance, tls: ServerTls): Handshake | null {
    this.open.forgetUnidentified(socket);
    const handshake = tls.begin(socket, client, entrance);
    if (handshake === null) {
      this.services.cells[this.services.workerMetricsOffset + WorkerCell.tlsRefused]!++;
      socket.destroy();
      return null;
    }
    this.open.addUnidentified(handshake.socket);
    return handshake;
  }

  /** Counts a TLS handshake that succeeded. */
  secured(resumed: boolean): void {
    const { cells, workerMetricsOffset } = this.services;
    cells[workerMetricsOffset + (resumed ? WorkerCell.tlsResumed : WorkerCell.tlsHandshakes)]!++;
  }

  /** Counts a TLS handshake that failed; `failure` is null when the client left. */
  unsecured(socket: Socket, failure: HandshakeFailure | null): void {
    this.services.cells[this.services.workerMetricsOffset + failureCells[failure ?? 'aborted']]!++;
    this.unidentifiedSocketClosed(socket);
  }

  /** Begins to read requests from a socket. */
  serve(socket: Socket, client: Client, entrance: Entrance): SocketEvents {
    const { http1, http2 } = entrance.plainProtocols;
    if (!http2) return this.serveHttp1(socket, client, entrance);
    if (!http1) return this.serveHttp2(socket, client, entrance);
    this.open.addUnidentified(socket);
    const reader = new PrefaceReader(socket, client, this.io, this.current.limits.headerTimeoutMs, entrance);
    listenTo(socket, reader);
    return reader;
  }

  serveHttp1(socket: Socket, client: Client, entrance: Entrance): SocketEvents {
    return this.opened(new DownstreamConnection(socket, client, entrance));
  }

  /** For prior knowledge without TLS, and where TLS agreed on `h2`. */
  serveHttp2(socket: Socket, client: Client, entrance: Entrance): SocketEvents {
    return this.opened(new ServerConnection(socket, client, entrance));
  }

  private opened<Connection extends OpenConnection & SocketEvents>(connection: Connection): Connection {
    const { cells, workerMetricsOffset } = this.services;
    cells[workerMetricsOffset + WorkerCell.connectionsAccepted]!++;
    cells[workerMetricsOffset + WorkerCell.connectionsOpen]!++;
    this.open.add(connection);
    listenTo(connection.socket, connection);
    return connection;
  }

  /**
   * Asks every client to close (`Connection: close` or GOAWAY), then closes the idle connections. Resolves when no connection and no
   * deferred request is left, or when the time is up: then the remaining connections are cut.
   */
  async drain(timeoutMs: number): Promise<void> {
    const [givenUp] = await Promise.all([this.services.unattended.drain(timeoutMs), this.open.drain(timeoutMs)]);
    if (givenUp > 0) this.services.log('warn', 'deferred requests get no response', { requests: givenUp });
  }

  /** As `drain`, for the connections of one listener that was removed; none is cut. `settings` are those given to `accept`. */
  drainListener(settings: ListenerSettings): void {
    const entrance = this.entrances.get(settings);
    if (entrance === undefined) return;
    entrance.closing = true;
    this.open.drainHandler(entrance);
  }

  get draining(): boolean {
    return this.open.draining;
  }

  get io(): ThreadIo {
    return this.services.io;
  }

  /** Begins an exchange for a request. */
  startExchange(
    connection: ResponseWriter & { readonly client: Client },
    head: RequestHead,
    entrance: Entrance,
  ): RequestEvents {
    const { services } = this;
    this.underWay++;
    services.cells[services.workerMetricsOffset + WorkerCell.requestsInFlight]!++;
    const client = clientOf(connection.client, head, entrance);
    const exchange = new Exchange(services, this.current, connection, client, head);
    begin(exchange, entrance);
    return exchange;
  }

  /** Refuses a message that could not be read as a request. */
  refuseMalformed(connection: DownstreamConnection, fault: Fault): void {
    const requestId = newRequestId();
    const message = problemMessage(fault, requestId);
    recordMalformed(this.services, connection.client, fault, requestId, message.length);
    connection.refuse(message);
  }

  /** Records a connection without the PROXY header that its listener requires. It gets no response: its protocol is unknown. */
  recordMissingProxyHeader(client: Client): void {
    recordMalformed(this.services, client, new Fault('malformed_proxy_header'), newRequestId(), 0, '');
  }

  /** Records a stream that gets no exchange. `answered`: it gets a refusal in this `RefusalForm`; else it was reset. */
  refuseStream(stream: ServerStream, fault: Fault, answered: boolean, form: number): void {
    const requestId = newRequestId();
    recordMalformed(this.services, stream.client, fault, requestId, 0, 'HTTP/2');
    if (answered) refuseStream(stream, fault, requestId, form);
  }

  countHttp2(reason: Http2Reason): void {
    this.services.cells[this.services.workerMetricsOffset + http2Cell[reason]]!++;
  }

  received(bytes: number): void {
    this.services.cells[this.services.workerMetricsOffset + WorkerCell.receivedBytes]! += bytes;
  }

  closed(connection: OpenConnection): void {
    const { cells, workerMetricsOffset } = this.services;
    if (this.open.closed(connection)) cells[workerMetricsOffset + WorkerCell.connectionsOpen]!--;
  }

  /** Forgets a socket that closed before its PROXY header, TLS handshake or first bytes had come. */
  unidentifiedSocketClosed(socket: Socket): void {
    this.open.unidentifiedClosed(socket);
  }

  private exchangeEnded(): void {
    this.underWay--;
    if (this.shedder.sharesInFlight) this.shedder.ended();
  }
}
