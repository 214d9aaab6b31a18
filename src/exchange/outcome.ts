// Reports the outcome of an attempt to its upstream, for the circuit breaker and the outlier detection.

import type { Fault } from '../base/fault.ts';
import { failureLog } from '../telemetry/failure-log.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import { NO_PASS } from '../upstream/guard.ts';
import type { Exchange } from './exchange.ts';
import type { ExchangeServices } from './services.ts';

/** A request that took a larger share of `timeout` to arrive left the endpoint too little time to be judged by it. */
const CALLERS_SHARE = 0.5;

/** The logs that tell the operator why endpoints fail. */
export function failureLogs(log: ExchangeServices['log']): Pick<ExchangeServices, 'unconnected' | 'unreadable'> {
  return {
    unconnected: failureLog(log, 'no connection to an endpoint'),
    unreadable: failureLog(log, 'an answer of an endpoint is not passed on'),
  };
}

/** Reports that the head of a response arrived. Call it only if the upstream has a guard. */
export function attemptAnswered(
  exchange: Exchange,
  head: { readonly status: number; readonly keepAlive: boolean },
): void {
  const upstream = exchange.upstream!;
  const pass = exchange.breakerPass;
  exchange.breakerPass = NO_PASS;
  const latencyMs = exchange.firstByteAt - exchange.sentAt;
  const closedAfter = head.keepAlive || head.status === 101 ? 0 : exchange.connection!.requests;
  upstream.resilience.guard!.answered(exchange.endpoint!, pass, head.status, latencyMs, closedAfter, upstream.nowMs);
}

/**
 * Reports that the attempt failed, without a response or in the middle of one. `isSentAgain`: the endpoint reported that it did not process
 * the request, which is sent once more.
 */
export function attemptFailed(exchange: Exchange, fault: Fault, isSentAgain = false): void {
  const upstream = exchange.upstream!;
  const { guard } = upstream.resilience;
  const isCallers = isCallersTime(exchange, fault);
  if (exchange.endpoint !== null && !isCallers && !isSentAgain) learnOfFailure(exchange, exchange.endpoint, fault);
  if (guard === null || exchange.endpoint === null) return;
  const pass = exchange.breakerPass;
  exchange.breakerPass = NO_PASS;
  if (isCallers) guard.cancelled(exchange.endpoint, pass);
  else if (isSentAgain) guard.unprocessed(exchange.endpoint, pass, upstream.nowMs);
  else guard.failed(exchange.endpoint, pass, fault, upstream.nowMs);
}

/**
 * Whether the whole time ran out by the caller's doing, not by the endpoint's: callers must not be able to make the service unavailable to
 * all others. Such a caller allowed less than `timeout` (`grpc-timeout`), takes no bytes of the response, or took most of the time to send
 * its request.
 */
export function isCallersTime(exchange: Exchange, fault: Fault): boolean {
  if (fault.code !== 'exchange_timeout') return false;
  const timeoutMs = exchange.route!.plan.timeoutMs || exchange.upstream!.spec.timeoutMs;
  if (timeoutMs === 0 || exchange.deadline < exchange.startedAt + timeoutMs || exchange.responseIsBlocked) return true;
  // An endpoint that takes no bytes of the request, or was not connected to, has held it up by itself.
  if (!exchange.requestEnded) return !exchange.requestIsBlocked && exchange.sentAt !== 0;
  return exchange.requestTookMs > timeoutMs * CALLERS_SHARE;
}

/** Logs the reason; tells the balancer, which treats the endpoint as slow, and after a failed connect discovery, which looks again. */
function learnOfFailure(exchange: Exchange, endpoint: Endpoint, fault: Fault): void {
  const upstream = exchange.upstream!;
  // TLS failures have a log of their own.
  if (fault.cause !== '' && fault.code !== 'upstream_tls_failed') {
    const { unconnected, unreadable } = exchange.services;
    (exchange.connection === null ? unconnected : unreadable)(upstream.name, endpoint.key, fault.cause);
  }
  if (fault.kind.source !== 'upstream' || fault.code === 'upstream_queue_full') return;
  const { now } = exchange.services.io.clock;
  // Without a connection nothing was sent to this endpoint: `sentAt` may be that of an earlier attempt, at another endpoint.
  endpoint.latency?.failed(exchange.connection === null ? 0 : now - exchange.sentAt, upstream.nowMs);
  if (fault.code === 'upstream_connect_failed' || fault.code === 'upstream_connect_timeout') upstream.lookAgain(now);
}
