// Reports the outcome of an attempt to its upstream, for the circuit breaker and the outlier detection.

import type { Fault } from '../base/fault.ts';
import { failureLog } from '../telemetry/failure-log.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import { NO_PASS } from '../upstream/guard.ts';
import type { Exchange } from './exchange.ts';
import type { ExchangeServices } from './services.ts';

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

/** Reports that the attempt failed, without a response or in the middle of one. */
export function attemptFailed(exchange: Exchange, fault: Fault): void {
  const upstream = exchange.upstream!;
  const { guard } = upstream.resilience;
  if (exchange.endpoint !== null) learnOfFailure(exchange, exchange.endpoint, fault);
  if (guard === null || exchange.endpoint === null) return;
  const pass = exchange.breakerPass;
  exchange.breakerPass = NO_PASS;
  if (fault.code === 'exchange_timeout' && isCallersTime(exchange)) guard.cancelled(exchange.endpoint, pass);
  else guard.failed(exchange.endpoint, pass, fault, upstream.nowMs);
}

/**
 * Whether the caller's `grpc-timeout` ran out, not `timeout`: callers who allow 1 ms must not make the service unavailable to all others.
 */
function isCallersTime(exchange: Exchange): boolean {
  const timeoutMs = exchange.route!.plan.timeoutMs || exchange.upstream!.spec.timeoutMs;
  return timeoutMs === 0 || exchange.deadline < exchange.startedAt + timeoutMs;
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
