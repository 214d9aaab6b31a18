// One attempt of an exchange: endpoint, connection, head, and the body so far. Whether another attempt follows is decided in retry.ts.

import { Fault } from '../base/fault.ts';
import { RequestFraming, type RequestWriter } from '../net/exchange-ends.ts';
import { UpstreamCell } from '../telemetry/metric-families.ts';
import { REFUSED } from '../upstream/breaker/breaker.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { EndpointPool } from '../upstream/endpoint-pool.ts';
import { isIdempotent } from '../upstream/retry/retry-policy.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { enterGates } from './admission/gates.ts';
import { countVersionAsFailed } from './count-version.ts';
import type { Exchange } from './exchange.ts';
import { carriesGrpc, grpcTimeoutMs } from './grpc-answer.ts';
import { hashFor } from './hash-for.ts';
import { armHedge } from './hedge.ts';
import { answer, refuse } from './reply.ts';
import { endWait, watchWait } from './retries.ts';
import { sendHead } from './send-head.ts';
import { stickTo, stickyPick } from './sticky-pick.ts';
import { watchTrialUpload } from './trial-upload.ts';

/** Bytes of a body that are remembered when no retry policy sets a limit, to be sent again if a kept connection was dead. */
const REPLAY_BYTES_MAX = 64 * 1024;

/** Bytes of a request, head included, that are read while it waits at a gate; then its client is paused. */
const HELD_BYTES_MAX = 64 * 1024;

/**
 * Sets the timeouts and the retry policy for this upstream, passes the gates, and makes the first attempt there. The exchange may wait or
 * have been refused when it returns.
 */
export function forwardTo(exchange: Exchange, upstream: Upstream): void {
  const { spec } = upstream;
  const { plan } = exchange.route!;
  const policy = plan.resilience.retry ?? upstream.retry;
  exchange.upstream = upstream;
  exchange.responseTimeoutMs = plan.responseTimeoutMs ?? spec.responseTimeoutMs;
  exchange.idleTimeoutMs = plan.idleTimeoutMs ?? spec.idleTimeoutMs;
  const timeoutMs = plan.timeoutMs !== 0 ? plan.timeoutMs : spec.timeoutMs;
  exchange.deadline = timeoutMs === 0 ? Infinity : exchange.startedAt + timeoutMs;
  // The timeout of a browser's translated call counts as well, which may have come over HTTP/1.1: hence not `isGrpc`.
  if (carriesGrpc(exchange.request))
    exchange.deadline = Math.min(exchange.deadline, exchange.startedAt + grpcTimeoutMs(exchange.request));
  exchange.retryPolicy = policy === null || policy.spec.attempts === 0 ? null : policy;
  if (exchange.retryPolicy !== null) {
    const { perTryTimeoutMs } = exchange.retryPolicy.spec;
    if (perTryTimeoutMs !== 0 && (exchange.responseTimeoutMs === 0 || perTryTimeoutMs < exchange.responseTimeoutMs)) {
      exchange.responseTimeoutMs = perTryTimeoutMs;
    }
  }
  if (exchange.retryPolicy !== null || plan.resilience.hedge !== null) upstream.budget.request(upstream.nowMs);
  if ((plan.gate !== null || upstream.gate !== null || exchange.upstreamGate !== null) && !enterGates(exchange)) return;
  attempt(exchange, null, false);
}

/**
 * Makes one attempt. Endpoints in `tried` are avoided when another one is available. `fresh` asks for a new connection, because a kept one
 * was dead. The exchange may have been refused when it returns.
 */
export function attempt(exchange: Exchange, tried: readonly Endpoint[] | null, fresh: boolean): void {
  const upstream = exchange.upstream!;
  const endpoint = chooseEndpoint(exchange, upstream, tried);
  if (endpoint === null) return;
  if (exchange.endpoint !== null) exchange.endpoint.ended();
  endpoint.began();
  exchange.endpoint = endpoint;
  exchange.attempts++;
  if (exchange.breakerPass >= 0 && !exchange.requestEnded) watchTrialUpload(exchange);
  acquire(exchange, endpoint.pool, fresh);
}

/** Sends the request over a connection of this pool, at once or as soon as the pool has one. */
export function acquire(exchange: Exchange, pool: EndpointPool, fresh: boolean): void {
  const connection = pool.acquire(exchange, fresh);
  if (connection !== null) {
    send(exchange, connection);
    return;
  }
  // The pool had no room: the exchange has been refused already, or its hedged try has taken over.
  if (exchange.answeredBy !== 'nobody' || exchange.ended || exchange.connection !== null) return;
  exchange.waiting = true;
  exchange.downstream.pauseRequest();
  if (exchange.deadline !== Infinity) exchange.services.io.wheel.schedule(exchange, exchange.deadline);
  if (exchange.retryPolicy !== null) watchWait(exchange, exchange.retryPolicy);
}

/** Chooses an endpoint that its circuit breaker lets through. Null when there is none: the caller has then got fallback or refusal. */
function chooseEndpoint(exchange: Exchange, upstream: Upstream, tried: readonly Endpoint[] | null): Endpoint | null {
  const hash = hashFor(exchange, upstream);
  const { affinity } = upstream;
  const endpoint =
    affinity === null ? upstream.pick(hash, tried) : stickyPick(exchange, upstream, affinity, hash, tried);
  const { guard } = upstream.resilience;
  if (endpoint === undefined) {
    fallBack(exchange, new Fault('upstream_unavailable'), 0);
    return null;
  }
  if (guard === null) return endpoint;
  const now = upstream.nowMs;
  exchange.breakerPass = guard.admit(endpoint, now);
  if (exchange.breakerPass !== REFUSED) return endpoint;
  // Because: all endpoints are asked, not only one more. While the few attempts of a half-open breaker last, its endpoint has next to
  // nothing to do, so that balancers prefer it to a busy one that works.
  const refused = [endpoint];
  while (endpoint.breaker !== null) {
    const other = upstream.pick(hash, [...(tried ?? []), ...refused]);
    if (other === undefined || refused.includes(other)) break;
    exchange.breakerPass = guard.admit(other, now);
    if (exchange.breakerPass !== REFUSED) {
      if (affinity !== null) stickTo(exchange, affinity, other);
      return other;
    }
    refused.push(other);
  }
  fallBack(exchange, new Fault('upstream_circuit_open'), guard.waitMs(endpoint, now));
  return null;
}

/**
 * Answers when the upstream may not be used: with a kept response, else the route's fallback, else the refusal. `waitMs` is the time until
 * an open breaker lets requests through again, for Retry-After.
 */
function fallBack(exchange: Exchange, fault: Fault, waitMs: number): void {
  const { fallback, kept } = exchange.route!.plan.resilience;
  const upstream = exchange.upstream!;
  if (kept?.give(exchange, fault)) return;
  if (fallback === null || (fallback.kind === 'upstream' && fallback.upstream === upstream)) {
    const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
    refuse(exchange, fault, fault.code === 'upstream_circuit_open' ? [['Retry-After', String(seconds)]] : undefined);
    return;
  }
  countVersionAsFailed(exchange);
  exchange.services.cells[upstream.metricsOffset + UpstreamCell.fallbacks]!++;
  // The response will not come from the endpoint that this cookie names.
  exchange.affinityCookie = '';
  if (fallback.kind === 'reply') {
    answer(exchange, fallback.reply);
    return;
  }
  // A hedged try that is still pending would report its outcome to the other upstream.
  if (exchange.hedge !== null) exchange.hedge.cancel();
  forwardTo(exchange, fallback.upstream);
}

/** Called when the pool has a connection for an exchange that waited. */
export function onConnection(exchange: Exchange, connection: RequestWriter): void {
  exchange.waiting = false;
  endWait(exchange);
  send(exchange, connection);
  if (!exchange.waiting && !exchange.requestIsBlocked) exchange.downstream.resumeRequest();
}

function send(exchange: Exchange, connection: RequestWriter): void {
  const { request, services, retryPolicy } = exchange;
  const chunked = request.lengthUnknown || (exchange.requestFiltered && request.hasBody);
  if (request.upgrade !== '' && !connection.canUpgrade(request.upgrade)) {
    connection.abort();
    const { forUpgrades } = exchange.endpoint!.pool;
    if (forUpgrades === undefined) refuse(exchange, new Fault('upstream_upgrade_refused'));
    // After the first attempt only a new connection will do: an earlier attempt may have met a dead kept one.
    else acquire(exchange, forUpgrades, exchange.attempts > 1);
    return;
  }
  exchange.connection = connection;
  exchange.sentAt = services.io.clock.now;
  exchange.firstByteAt = 0;
  exchange.requestIsBlocked = false;
  const { hedge } = exchange.route!.plan.resilience;
  if (hedge !== null) armHedge(exchange, hedge);
  const framing = chunked ? RequestFraming.chunked : request.hasBody ? RequestFraming.length : RequestFraming.none;
  connection.start(exchange, request.method === 'HEAD', framing, request.upgrade !== '', exchange);
  sendHead(exchange, exchange.endpoint!, connection, chunked);
  if (framing === RequestFraming.none) return;
  const resent = exchange.replayable;
  if (resent !== null) for (const piece of resent) connection.sendBody(piece, 0, piece.length);
  else if (
    !exchange.replayGivenUp &&
    (retryPolicy !== null || connection.block !== null || (connection.requests > 1 && isIdempotent(request.method)))
  ) {
    exchange.replayable = [];
  }
  const held = exchange.heldRequest;
  exchange.heldRequest = null;
  if (held !== null) for (const piece of held) sendRequestBody(exchange, piece, 0, piece.length);
  if (exchange.requestEnded && exchange.requestPipe === null) connection.endRequest(exchange.requestTrailers);
}

/** Sends a piece of the request's body, or holds it until there is a connection. */
export function sendRequestBody(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
  const { connection } = exchange;
  if (connection === null) {
    // Because: the read buffer is overwritten by the next read. The client is paused, so at most one read is held.
    (exchange.heldRequest ??= []).push(Buffer.from(bytes.subarray(start, end)));
    // While the exchange waits at a gate its client is still read, so that a disconnect is noticed; but only up to this size.
    if (exchange.waitsAt !== null && exchange.requestBytes > HELD_BYTES_MAX) exchange.downstream.pauseRequest();
    return;
  }
  if (exchange.mirror !== null) exchange.mirror.sent(bytes, start, end);
  if (exchange.replayable !== null) remember(exchange, bytes, start, end);
  connection.sendBody(bytes, start, end);
}

function remember(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
  const { retryPolicy } = exchange;
  const bytesMax = retryPolicy === null ? REPLAY_BYTES_MAX : retryPolicy.spec.bodyBytesMax;
  exchange.replayableBytes += end - start;
  if (exchange.replayableBytes > bytesMax) {
    exchange.replayable = null;
    exchange.replayGivenUp = true;
  } else exchange.replayable!.push(Buffer.from(bytes.subarray(start, end)));
}

/** The request's body is complete. */
export function endRequestBody(exchange: Exchange): void {
  exchange.connection?.endRequest(exchange.requestTrailers);
}
