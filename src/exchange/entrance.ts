// One listener's view of the gateway: which proxies it believes, and where the events of its connections go.

import type { Socket } from 'node:net';
import { CidrSet } from '../base/cidr-set.ts';
import type { Fault } from '../base/fault.ts';
import type { RequestHead } from '../http/request-head.ts';
import type { SocketEvents } from '../net/accepted-socket.ts';
import type { Client } from '../net/client.ts';
import type { ConnectionHandler, DownstreamConnection } from '../net/downstream-connection.ts';
import type { RequestEvents } from '../net/exchange-ends.ts';
import { defaultHttp2Limits, type Http2Limits } from '../net/h2/http2-limits.ts';
import type { PrefacedSockets } from '../net/h2/preface-reader.ts';
import type { ServerConnection, ServerConnectionHandler } from '../net/h2/server-connection.ts';
import type { ServerStream } from '../net/h2/server-stream.ts';
import type { ThreadIo } from '../net/io.ts';
import type { Handshake } from '../net/tls/handshake.ts';
import type { HandshakeFailure, SecuredSockets, ServerTls } from '../net/tls/server-tls.ts';
import { clientPart } from '../telemetry/access-line.ts';
import type { Http2Reason } from '../telemetry/http2-reasons.ts';
import type { Gateway } from './gateway.ts';
import type { ListenerSettings } from './listener-settings.ts';
import type { Limits, ListenerNames } from './snapshot.ts';

/** Ignores the events of a socket that was closed. */
const nobody: SocketEvents = { onRead: () => false, onEnd() {}, onDrain() {}, onSocketClosed() {} };

/** One listener's view of the gateway: its trusted proxies, and the handler of its connections. */
export class Entrance implements ConnectionHandler, ServerConnectionHandler, SecuredSockets, PrefacedSockets {
  private readonly gateway: Gateway;
  private readonly trusted: CidrSet | null;
  private readonly tls: ServerTls | null;
  /** Whether trusted proxies may forward their client's certificate. */
  readonly keepsClientCertificateHeaders: boolean;
  /** The protocols that are accepted without TLS. */
  readonly plainProtocols: { readonly http1: boolean; readonly http2: boolean };
  readonly http2: Http2Limits;
  private readonly key: string;
  /** The names of the last snapshot that was asked for, and the listener's own. */
  private names: ListenerNames | null;
  private name: string;
  private lastClient: Client | null;
  /** The listener was removed: open connections close after the request in progress. */
  closing: boolean;

  constructor(gateway: Gateway, settings: ListenerSettings) {
    this.gateway = gateway;
    this.trusted = settings.trustedProxies.length === 0 ? null : new CidrSet(settings.trustedProxies);
    this.tls = settings.tls;
    this.keepsClientCertificateHeaders = settings.keepsClientCertificateHeaders;
    const protocols = settings.protocols ?? ['http/1.1'];
    this.plainProtocols = { http1: protocols.includes('http/1.1'), http2: protocols.includes('h2c') };
    this.http2 = settings.http2 ?? defaultHttp2Limits;
    this.key = settings.key;
    this.names = null;
    this.name = '';
    this.lastClient = null;
    this.closing = false;
  }

  readonly isTrusted = (ip: string): boolean => this.trusted?.has(ip) ?? false;

  /** The listener's name; empty when it has none. A listener that was removed keeps the name that it had. */
  nameIn(names: ListenerNames): string {
    if (names !== this.names) {
      this.names = names;
      this.name = names.get(this.key) ?? this.name;
    }
    return this.name;
  }

  /** What is known of a peer before it has sent anything. */
  clientOf(address: string, port: number): Client {
    const ip = address.startsWith('::ffff:') ? address.slice(7) : address;
    const { lastClient } = this;
    // Consecutive clients from one address share its texts: many idle connections of one proxy then cost less.
    const known = lastClient !== null && lastClient.socketIp === ip;
    const client: Client = {
      ip: known ? lastClient.ip : ip,
      port,
      socketIp: known ? lastClient.ip : ip,
      trusted: known ? lastClient.trusted : this.isTrusted(ip),
      scheme: this.tls === null ? 'http' : 'https',
      certificate: null,
      logPart: known ? lastClient.logPart : clientPart(ip),
      forwarded: null,
    };
    this.lastClient = client;
    return client;
  }

  /** A PROXY header was read. `client` is the socket's own when the header is not believed or names no address. */
  onProxied(socket: Socket, client: Client): SocketEvents {
    if (this.tls === null) return this.gateway.serve(socket, client, this);
    return this.gateway.secure(socket, client, this, this.tls) ?? nobody;
  }

  onSecured(socket: Socket, client: Client, protocol: string, resumed: boolean): SocketEvents {
    this.gateway.secured(resumed);
    return this.onPreface(socket, client, protocol === 'h2');
  }

  onUnsecured({ socket }: Handshake, failure: HandshakeFailure | null): void {
    this.gateway.unsecured(socket, failure);
  }

  /** Called when it is known whether the connection speaks HTTP/2 or HTTP/1. */
  onPreface(socket: Socket, client: Client, http2: boolean): SocketEvents {
    return http2 ? this.gateway.serveHttp2(socket, client, this) : this.gateway.serveHttp1(socket, client, this);
  }

  onMalformedProxyHeader(client: Client): void {
    this.gateway.recordMissingProxyHeader(client);
  }

  onClosedEarly(socket: Socket): void {
    this.gateway.unidentifiedSocketClosed(socket);
  }

  get io(): ThreadIo {
    return this.gateway.io;
  }

  get limits(): Limits {
    return this.gateway.snapshot.limits;
  }

  get draining(): boolean {
    return this.closing || this.gateway.draining;
  }

  onRequest(connection: DownstreamConnection, head: RequestHead): RequestEvents {
    return this.gateway.startExchange(connection, head, this);
  }

  onMalformed(connection: DownstreamConnection, fault: Fault): void {
    this.gateway.refuseMalformed(connection, fault);
  }

  onStreamRequest(stream: ServerStream, head: RequestHead): RequestEvents {
    return this.gateway.startExchange(stream, head, this);
  }

  onStreamRefused(stream: ServerStream, fault: Fault, answered: boolean, form: number): void {
    this.gateway.refuseStream(stream, fault, answered, form);
  }

  onHttp2Error(reason: Http2Reason): void {
    this.gateway.countHttp2(reason);
  }

  onHttp2Closed(connection: ServerConnection): void {
    this.gateway.closed(connection);
  }

  onBytes(received: number): void {
    this.gateway.received(received);
  }

  onClosed(connection: DownstreamConnection): void {
    this.gateway.closed(connection);
  }
}
