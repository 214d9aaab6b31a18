// Sends a request upstream: chooses endpoint and connection, sends what is there of the request, tries again where that is allowed.

import { Fault } from '../base/fault.ts';
import { hashText } from '../base/hash.ts';
import { cookieValue } from '../http/cookies.ts';
import { HeaderId } from '../http/header-names.ts';
import { queryValue } from '../http/query.ts';
import { RequestFraming, type UpstreamConnection } from '../net/upstream-connection.ts';
import { UpstreamCell } from '../telemetry/metric-families.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Exchange } from './exchange.ts';
import { answer, refuse } from './reply.ts';
import { writeUpstreamHead } from './upstream-head.ts';

/** Bodies sent over a kept connection are remembered up to this size, to be sent again if that connection was dead. */
const REPLAY_BYTES_MAX = 64 * 1024;

/** Carries out the route's destination. */
export function forward(exchange: Exchange): void {
  const route = exchange.route!;
  const { destination } = route;
  switch (destination.kind) {
    case 'upstream':
      forwardTo(exchange, destination.upstream);
      return;
    case 'split':
      forwardTo(exchange, chooseTarget(exchange, destination.splitter, destination.stickyCookie));
      return;
    case 'reply':
      answer(exchange, destination.reply);
      return;
    case 'redirect': {
      const { request } = exchange;
      const location = destination.location.render({
        host: request.authority,
        path: request.path,
        query: request.query,
        param: name => exchange.param(name),
      });
      answer(exchange, { status: destination.status, headers: [['Location', location]] });
    }
  }
}

/** The target that a sticky client had before, or the next in turn, with the cookie that makes it stick. */
function chooseTarget(
  exchange: Exchange,
  splitter: { next(): Upstream; byKey(key: string): Upstream | undefined },
  stickyCookie: string | null,
): Upstream {
  if (stickyCookie === null) return splitter.next();
  const key = cookieValue(exchange.request.headers.getById(HeaderId.cookie), stickyCookie);
  const known = key === undefined ? undefined : splitter.byKey(key);
  if (known !== undefined) return known;
  const chosen = splitter.next();
  exchange.stickyCookie = `${stickyCookie}=${chosen.name}; Path=/; HttpOnly; SameSite=Lax`;
  return chosen;
}

function forwardTo(exchange: Exchange, upstream: Upstream): void {
  const { spec } = upstream;
  exchange.upstream = upstream;
  exchange.responseTimeoutMs = spec.responseTimeoutMs;
  exchange.idleTimeoutMs = spec.idleTimeoutMs;
  const timeoutMs = exchange.route!.timeoutMs !== 0 ? exchange.route!.timeoutMs : spec.timeoutMs;
  exchange.deadline = timeoutMs === 0 ? Infinity : exchange.startedAt + timeoutMs;
  attempt(exchange, null, false);
}

/** One attempt. `fresh` asks for a new connection, since a kept one had died. */
function attempt(exchange: Exchange, tried: readonly Endpoint[] | null, fresh: boolean): void {
  const upstream = exchange.upstream!;
  const endpoint = upstream.pick(upstream.spec.hashOn === null ? 0 : hashFor(exchange, upstream), tried);
  if (endpoint === undefined) {
    refuse(exchange, new Fault('upstream_unavailable'));
    return;
  }
  if (exchange.endpoint !== null) exchange.endpoint.inFlight--;
  endpoint.inFlight++;
  exchange.endpoint = endpoint;
  exchange.attempts++;
  const connection = endpoint.pool.acquire(exchange, fresh);
  if (connection !== null) {
    send(exchange, connection);
    return;
  }
  // No room: the exchange has been refused already.
  if (exchange.answeredBy !== 'nobody' || exchange.ended) return;
  exchange.waiting = true;
  exchange.downstream.pauseRequest();
  if (exchange.deadline !== Infinity) exchange.services.io.wheel.schedule(exchange, exchange.deadline);
}

/** The pool has a connection for an exchange that waited. */
export function onConnection(exchange: Exchange, connection: UpstreamConnection): void {
  exchange.waiting = false;
  exchange.services.io.wheel.unschedule(exchange);
  send(exchange, connection);
  if (!exchange.requestIsBlocked) exchange.downstream.resumeRequest();
}

function send(exchange: Exchange, connection: UpstreamConnection): void {
  const { request, services } = exchange;
  const chunked = request.chunked || (exchange.requestFiltered && request.hasBody);
  exchange.connection = connection;
  exchange.sentAt = services.io.clock.now;
  exchange.firstByteAt = 0;
  const framing = chunked ? RequestFraming.chunked : request.hasBody ? RequestFraming.length : RequestFraming.none;
  connection.start(exchange, request.method === 'HEAD', framing, request.upgrade !== '', exchange);
  writeUpstreamHead(exchange, exchange.endpoint!, chunked, services.io.outbox);
  if (framing === RequestFraming.none) return;
  const resent = exchange.replayable;
  if (resent !== null) for (const piece of resent) connection.sendBody(piece, 0, piece.length);
  else if (connection.requests > 1 && isIdempotent(request.method)) exchange.replayable = [];
  const held = exchange.heldRequest;
  exchange.heldRequest = null;
  if (held !== null) for (const piece of held) sendRequestBody(exchange, piece, 0, piece.length);
  if (exchange.requestEnded && exchange.requestPipe === null) connection.endRequest(exchange.requestTrailers);
}

/** Sends a piece of the request's body, or holds it until there is a connection. */
export function sendRequestBody(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
  const { connection } = exchange;
  if (connection === null) {
    // Because: the read buffer is overwritten by the next read. The client is paused, so this is one read at most.
    (exchange.heldRequest ??= []).push(Buffer.from(bytes.subarray(start, end)));
    return;
  }
  if (exchange.replayable !== null) remember(exchange, bytes, start, end);
  connection.sendBody(bytes, start, end);
}

function remember(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
  exchange.replayableBytes += end - start;
  if (exchange.replayableBytes > REPLAY_BYTES_MAX) exchange.replayable = null;
  else exchange.replayable!.push(Buffer.from(bytes.subarray(start, end)));
}

/** The request's body is complete. */
export function endRequestBody(exchange: Exchange): void {
  exchange.connection?.endRequest(exchange.requestTrailers);
}

/**
 * Tries again after a fault, if that is safe: nothing of the answer has been sent, the connection had served before (it
 * was closed while idle), and the method may be repeated (RFC 9110 section 9.2.2). Once. False when it does not.
 */
export function retry(exchange: Exchange, fault: Fault): boolean {
  const { connection, request } = exchange;
  if (fault.code !== 'upstream_reset' || connection === null || exchange.attempts > 1) return false;
  if (exchange.responseStarted || exchange.firstByteAt !== 0 || connection.requests <= 1) return false;
  if (!isIdempotent(request.method) || request.upgrade !== '') return false;
  if (request.hasBody && (exchange.replayable === null || exchange.requestFiltered)) return false;
  exchange.connection = null;
  exchange.services.cells[exchange.upstream!.metricsOffset + UpstreamCell.retries]!++;
  attempt(exchange, null, true);
  return true;
}

/** Methods that may be repeated without harm (RFC 9110 section 9.2.2). */
function isIdempotent(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'PUT' || method === 'DELETE' || method === 'OPTIONS';
}

/** Hash of what the upstream's balancer is told to hash; of the client's address where that is missing. */
function hashFor(exchange: Exchange, upstream: Upstream): number {
  const { source, name } = upstream.spec.hashOn!;
  const { request, client } = exchange;
  let text: string | undefined;
  if (source === 'header') text = request.headers.get(name);
  else if (source === 'cookie') text = exchange.cookie(name);
  else if (source === 'query') text = queryValue(request.query, name);
  else if (source === 'path') text = request.path;
  return hashText(text ?? client.ip);
}
