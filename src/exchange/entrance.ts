// One listener's view of the gateway: whose word it believes, and where the events of its connections go.

import type { Socket } from 'node:net';
import { CidrSet } from '../base/cidr-set.ts';
import type { Fault } from '../base/fault.ts';
import type { RequestHead } from '../http/request-head.ts';
import type { Client } from '../net/client.ts';
import type { ConnectionHandler, DownstreamConnection } from '../net/downstream-connection.ts';
import type { RequestEvents } from '../net/exchange-ends.ts';
import type { ThreadIo } from '../net/io.ts';
import { clientPart } from '../telemetry/access-line.ts';
import type { Gateway, ListenerSettings } from './gateway.ts';
import type { Limits } from './snapshot.ts';

/** One listener's view of the gateway: its trusted proxies, and the handler of its connections. */
export class Entrance implements ConnectionHandler {
  private readonly gateway: Gateway;
  private readonly trusted: CidrSet | null;
  private lastClient: Client | null;
  /** The listener is gone: what is still open closes after its request. */
  closing: boolean;

  constructor(gateway: Gateway, settings: ListenerSettings) {
    this.gateway = gateway;
    this.trusted = settings.trustedProxies.length === 0 ? null : new CidrSet(settings.trustedProxies);
    this.lastClient = null;
    this.closing = false;
  }

  readonly isTrusted = (ip: string): boolean => this.trusted?.has(ip) ?? false;

  /** What is known of a peer before it has said anything. */
  clientOf(address: string, port: number): Client {
    const ip = address.startsWith('::ffff:') ? address.slice(7) : address;
    const { lastClient } = this;
    // Neighbours from one address share its texts: many idle connections of one proxy then cost less.
    const known = lastClient !== null && lastClient.socketIp === ip;
    const client: Client = {
      ip: known ? lastClient.ip : ip,
      port,
      socketIp: known ? lastClient.ip : ip,
      trusted: known ? lastClient.trusted : this.isTrusted(ip),
      scheme: 'http',
      logPart: known ? lastClient.logPart : clientPart(ip),
      forwarded: null,
    };
    this.lastClient = client;
    return client;
  }

  /** A PROXY header was read, or was not to be believed (`client` then is the socket's). */
  onProxied(socket: Socket, client: Client): DownstreamConnection {
    return this.gateway.serve(socket, client, this);
  }

  onUnproxied(socket: Socket): void {
    this.gateway.unproxiedClosed(socket);
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
    return this.gateway.startExchange(connection, head, this.isTrusted);
  }

  onMalformed(connection: DownstreamConnection, fault: Fault): void {
    this.gateway.refuseMalformed(connection, fault);
  }

  onBytes(received: number): void {
    this.gateway.received(received);
  }

  onClosed(connection: DownstreamConnection): void {
    this.gateway.closed(connection);
  }
}
