// The end of an exchange: counters, log line, filters' onEnd, and its removal from everything that could still call it.

import { wallMs } from '../base/wall-time.ts';
import { HeaderId } from '../http/header-names.ts';
import {
  type AccessFields,
  accessLineBytesMax,
  clientPart,
  endpointPart,
  routePart,
  writeAccessLine,
} from '../telemetry/access-line.ts';
import { NO_VERSION } from '../telemetry/canary-cells.ts';
import { recordDuration } from '../telemetry/histogram.ts';
import { RouteCell, refusalCell, statusClass, UpstreamCell, WorkerCell } from '../telemetry/metric-families.ts';
import { extraPart } from './access-extras.ts';
import { leaveGates } from './admission/leave-gates.ts';
import { runEndHooks } from './chain.ts';
import { countVersion } from './count-version.ts';
import { loggedPath } from './deferred/answers-path.ts';
import type { Exchange } from './exchange.ts';
import { gatheredBodies } from './gathered-bodies.ts';

/** Ends the exchange once; later calls do nothing. */
export function finish(exchange: Exchange): void {
  if (exchange.ended) return;
  exchange.ended = true;
  exchange.stopWaiting();
  const { services, route, endpoint } = exchange;
  // Before the exchange loses its deadline, by which it is decided whose time ran out.
  if (exchange.versionCellsAt !== NO_VERSION) countVersion(exchange);
  services.io.wheel.cancel(exchange);
  if (exchange.retries !== null) services.io.wheel.cancel(exchange.retries);
  if (exchange.hedge !== null) exchange.hedge.cancel();
  if (exchange.deferral !== null) services.io.wheel.cancel(exchange.deferral);
  if (endpoint !== null) endpoint.ended();
  if (exchange.breakerPass >= 0) exchange.upstream!.resilience.guard?.cancelled(endpoint!, exchange.breakerPass);
  exchange.connection = null;
  if (!services.hasNoClient) {
    count(exchange);
    if (services.accessLog.enabled) log(exchange);
  }
  if (route?.plan.chain.hasEnd) runEndHooks(exchange, route.plan.chain);
  if (exchange.gathering) gatheredBodies.leave(exchange);
  exchange.heldRequest = null;
  exchange.heldResponse = null;
  exchange.replayable = null;
  if (!services.hasNoClient) services.onEnded();
  if (exchange.routeGate !== null || exchange.upstreamGate !== null) leaveGates(exchange);
  if (exchange.mirror !== null) exchange.mirror.ended();
}

/** Status for counters and log: 499 for a client that left before a response began, as in nginx. */
function finalStatus(exchange: Exchange): number {
  return exchange.responseStarted ? exchange.response!.status : (exchange.fault?.kind.status ?? 499);
}

/** Milliseconds from sending upstream to the response's first byte (now if there is none), in the last attempt; 0 if nothing was sent. */
function upstreamTime({ sentAt, firstByteAt }: Exchange, now: number): number {
  return sentAt === 0 ? 0 : (firstByteAt === 0 ? now : firstByteAt) - sentAt;
}

/**
 * Milliseconds until the response's head was sent, without the wait for the upstream from `upstreamSince` on (0 for no wait). Bodies and
 * tunnels do not count: both ends set their pace.
 */
function overheadMs(exchange: Exchange, now: number, upstreamSince: number): number {
  const { startedAt, sentAt, firstByteAt, answeredAt } = exchange;
  // An upstream that never responded was waited for until now.
  const until = answeredAt === 0 || (sentAt !== 0 && firstByteAt === 0) ? now : answeredAt;
  const upstreamMs = upstreamSince === 0 ? 0 : (firstByteAt === 0 ? until : firstByteAt) - upstreamSince;
  return until - startedAt - upstreamMs;
}

function count(exchange: Exchange): void {
  const { services, route, fault, upstream, snapshot, consumer, retries } = exchange;
  const { cells, workerMetricsOffset, consumers } = services;
  const { now } = services.io.clock;
  const totalMs = now - exchange.startedAt;
  if (upstream !== null && exchange.firstByteAt !== 0) {
    recordDuration(cells, upstream.metricsOffset + UpstreamCell.responseTime, upstreamTime(exchange, now));
  }
  const offset = route === null ? snapshot.noRouteMetricsOffset : route.metricsOffset;
  cells[offset + RouteCell.status1xx + statusClass(finalStatus(exchange))]!++;
  cells[offset + RouteCell.requestBytes]! += exchange.requestBytes;
  cells[offset + RouteCell.responseBytes]! += exchange.responseBytes;
  recordDuration(cells, offset + RouteCell.duration, totalMs);
  cells[workerMetricsOffset + WorkerCell.requestsInFlight]!--;
  cells[workerMetricsOffset + WorkerCell.sentBytes]! += exchange.responseBytes;
  // Tries that failed, and the waits between them, are no time of the gateway.
  const upstreamSince = retries === null || retries.upstreamSince === 0 ? exchange.sentAt : retries.upstreamSince;
  recordDuration(cells, workerMetricsOffset + WorkerCell.overhead, overheadMs(exchange, now, upstreamSince));
  if (consumers !== null && consumer !== null) {
    consumers.count(consumer.name, finalStatus(exchange), exchange.requestBytes, exchange.responseBytes);
  }
  if (fault !== null) cells[workerMetricsOffset + refusalCell[fault.code]]!++;
}

const noEndpoint = endpointPart(null, null);
const noRoute = routePart(null);
const protocols = { '1.0': 'HTTP/1.0', '1.1': 'HTTP/1.1', '2': 'HTTP/2' } as const;

let sampled = 0;

function log(exchange: Exchange): void {
  const { services, snapshot, request, route, endpoint, fault, client } = exchange;
  const status = finalStatus(exchange);
  const sample = route?.plan.accessLogSample ?? snapshot.accessLogSample;
  if (sample < 1 && status < 500 && fault === null) {
    // A running sum instead of random numbers makes the share exact over time.
    sampled += sample;
    if (sampled < 1) return;
    sampled -= 1;
  }
  const { now } = services.io.clock;
  const total = now - exchange.startedAt;
  const ownIds = exchange.hasOwnId && exchange.traceIdOverride === '';
  const path = request.path === '' ? request.rawPath : request.path;
  // A fresh record each time: filling an old one would make the garbage collector look at every string in it.
  const fields: AccessFields = {
    timeMs: wallMs(now) - total,
    ids: ownIds ? exchange.idBatch : null,
    idsAt: exchange.idAt,
    requestId: ownIds ? '' : exchange.requestId,
    traceId: ownIds ? '' : exchange.traceId,
    clientPart: client.logPart === '' ? clientPart(client.ip) : client.logPart,
    routePart: route === null ? noRoute : route.logPart,
    endpointPart: endpoint === null ? noEndpoint : endpoint.logPart,
    method: request.method,
    host: request.host,
    path: snapshot.answers === undefined ? path : loggedPath(path),
    status,
    bytesIn: exchange.requestBytes,
    bytesOut: exchange.responseBytes,
    durationMs: total,
    upstreamMs: upstreamTime(exchange, now),
    // With earlier attempts, unlike the metric: `upstreamMs` is the last attempt's, see docs/guide/observability.md.
    overheadMs: overheadMs(exchange, now, exchange.sentAt),
    attempts: exchange.attempts,
    consumer: exchange.consumer === null ? null : exchange.consumer.name,
    code: fault === null ? null : fault.code,
    userAgent: request.headers.getById(HeaderId.userAgent) ?? '',
    protocol: protocols[request.version],
    extraPart: snapshot.accessExtras === undefined ? '' : extraPart(snapshot.accessExtras, request),
  };
  const { accessLog } = services;
  const bytes = accessLog.reserve(accessLineBytesMax(fields));
  if (bytes !== null) accessLog.commit(writeAccessLine(bytes, accessLog.position, fields));
}
