// Whether an exchange is tried again after a failed attempt, and when. How many retries an upstream gets is in its budget.

import { fullJitterMs } from '../base/backoff.ts';
import { Fault } from '../base/fault.ts';
import { Random } from '../base/random.ts';
import { UpstreamCell } from '../telemetry/metric-families.ts';
import { isIdempotent, type RetryPolicy } from '../upstream/retry/retry-policy.ts';
import { acquire, attempt } from './attempt.ts';
import type { Exchange } from './exchange.ts';
import { refuseWithoutAnswer } from './reply.ts';
import { noteLostTry } from './retries.ts';

/** Shorter waits are below the resolution of the timers: the next try is then made at once. */
const WAIT_MIN_MS = 5;

const random = new Random();

/** Tries again after a fault, before any byte of a response, if that is safe and configured. False when there is no further try. */
export function retry(exchange: Exchange, fault: Fault): boolean {
  // The hedged try goes on in the place of the first.
  if (exchange.hedge !== null && exchange.firstByteAt === 0 && exchange.hedge.takeOver()) return true;
  if (exchange.responseStarted || exchange.firstByteAt !== 0) return false;
  if (retryUnprocessed(exchange, fault) || retryDeadConnection(exchange, fault)) return true;
  const { retryPolicy: policy, connection } = exchange;
  if (policy === null) return retryRefused(exchange, fault);
  if (!policy.retriesFault(fault) || !mayRepeat(exchange, policy, connection !== null)) return false;
  // A refused connection cost the upstream nothing, so the retry adds nothing to what it has to do. While an endpoint of two restarts, half
  // of all requests need one: far more than the budget, which is for requests that were sent.
  if (fault.code !== 'upstream_connect_failed' && !takeFromBudget(exchange, policy)) return false;
  connection?.abort();
  retryLater(exchange, policy);
  return true;
}

/** Drops the response whose head has arrived and tries again, if its status is one to retry. */
export function retryAnswer(exchange: Exchange, status: number): boolean {
  const policy = exchange.retryPolicy!;
  if (!policy.retriesStatus(status) || !mayRepeat(exchange, policy, true)) return false;
  if (!takeFromBudget(exchange, policy)) return false;
  exchange.connection!.discardResponse();
  // For the next try nothing has arrived yet, even if that try finds no connection on which to be sent.
  exchange.firstByteAt = 0;
  retryLater(exchange, policy);
  return true;
}

/** Whether all that was sent of the body is remembered, as filters had made it, so that it can be sent again. */
function isRemembered({ request, replayable }: Exchange): boolean {
  return !request.hasBody || replayable !== null;
}

/** Called when the wait before a try is over, or when a try has waited for its connection as long as it may. */
export function retryDue(exchange: Exchange): void {
  if (exchange.waiting) {
    exchange.stopWaiting();
    exchange.services.steps.noConnection(exchange, new Fault('upstream_connect_timeout'));
  } else if (exchange.connection === null && exchange.answeredBy === 'nobody') again(exchange);
}

/**
 * Sends the request again at once when a kept connection turns out to have been closed by the endpoint while it was idle, so that the
 * request was not looked at. Only for methods that may be repeated (RFC 9110 section 9.2.2), and once, besides the tries that the policy
 * allows. Needs no setting, and takes nothing from the budget.
 */
function retryDeadConnection(exchange: Exchange, fault: Fault): boolean {
  const { connection, request, retries } = exchange;
  if (fault.code !== 'upstream_reset' || connection === null) return false;
  if (exchange.attempts > 1 + (retries?.count ?? 0)) return false;
  if (connection.requests <= 1 || !isIdempotent(request.method) || !isRemembered(exchange)) return false;
  againAtOnce(exchange);
  return true;
}

/**
 * Sends a request whose connection was refused to another endpoint, at once, where no `retry` says what to do. Nothing of it was sent, so
 * that the method does not matter. Once: when all endpoints are down, each request is one more attempt to connect, not one for each of them.
 */
function retryRefused(exchange: Exchange, fault: Fault): boolean {
  const { upstream, route, endpoint, connection, retries } = exchange;
  if (fault.code !== 'upstream_connect_failed' || connection !== null || exchange.replayGivenUp) return false;
  // Because: `retry: off` is a policy as well, without attempts, so that it does not apply here.
  if ((route!.plan.resilience.retry ?? upstream!.retry) !== null || (retries?.count ?? 0) > 0) return false;
  if (!upstream!.mayUseOtherThan([...(retries?.tried ?? []), endpoint!])) return false;
  const noted = noteLostTry(exchange);
  noted.tried.push(endpoint!);
  noted.count++;
  exchange.services.cells[upstream!.metricsOffset + UpstreamCell.retries]!++;
  again(exchange);
  return true;
}

/** Most attempts that may end in a refused stream: an endpoint that wants requests at all does not refuse one more often. */
const REFUSED_STREAMS_MAX = 4;

/**
 * Whether the endpoint reports that it did not process the request (RFC 9113 section 8.7), so that it can be sent again, whatever the
 * method. An HTTP/2 connection that ends reports this for requests on their way.
 */
export function isUnprocessed(exchange: Exchange, fault: Fault): boolean {
  if (fault.code !== 'upstream_stream_refused' || exchange.attempts >= REFUSED_STREAMS_MAX) return false;
  return isRemembered(exchange);
}

/** Sends a request again that was not processed. Takes nothing from the budget. */
function retryUnprocessed(exchange: Exchange, fault: Fault): boolean {
  if (!isUnprocessed(exchange, fault)) return false;
  againAtOnce(exchange);
  return true;
}

/**
 * Sends the request over HTTP/1.1 when the endpoint asks for that instead of looking at it (RFC 9113 section 7), whatever the method, if
 * the pool has such connections. As for a WebSocket, that is the same attempt over another connection. Where the endpoint ended its whole
 * connection with it, and may have looked at this request before, only for methods that may be repeated.
 */
export function retryOverHttp1(exchange: Exchange): boolean {
  const { connection, request, endpoint } = exchange;
  if (connection === null || !connection.wantsHttp1 || exchange.firstByteAt !== 0) return false;
  const { forUpgrades } = endpoint!.pool;
  if (forUpgrades === undefined || (connection.maybeProcessed && !isIdempotent(request.method))) return false;
  if (!isRemembered(exchange)) return false;
  exchange.connection = null;
  acquire(exchange, forUpgrades, false);
  goOnReading(exchange);
  return true;
}

function againAtOnce(exchange: Exchange): void {
  const { tried } = noteLostTry(exchange);
  exchange.connection = null;
  exchange.services.cells[exchange.upstream!.metricsOffset + UpstreamCell.retries]!++;
  attempt(exchange, tried.length === 0 ? null : tried, true);
  goOnReading(exchange);
}

/** Resumes reading from the client: the previous endpoint may have slowed it down, and this one does so itself if it must. */
function goOnReading(exchange: Exchange): void {
  if (!exchange.ended && exchange.connection !== null && !exchange.requestIsBlocked)
    exchange.downstream.resumeRequest();
}

/** Whether this exchange may have another try. `sent` says that the endpoint may have seen the request. */
function mayRepeat(exchange: Exchange, policy: RetryPolicy, sent: boolean): boolean {
  const { request, services } = exchange;
  if ((exchange.retries?.count ?? 0) >= policy.spec.attempts) return false;
  if (sent && !policy.repeats(request.method, request.headers.get('idempotency-key') !== undefined)) return false;
  if (sent && !isRemembered(exchange)) return false;
  return !exchange.replayGivenUp && services.io.clock.now < exchange.deadline;
}

/** Takes one retry from the upstream's budget. False when none is left. */
function takeFromBudget({ upstream, services }: Exchange, { spec }: RetryPolicy): boolean {
  if (upstream!.budget.take(spec.budget, upstream!.nowMs)) return true;
  services.cells[upstream!.metricsOffset + UpstreamCell.retriesDenied]!++;
  return false;
}

function retryLater(exchange: Exchange, { spec }: RetryPolicy): void {
  const { io, cells } = exchange.services;
  const retries = noteLostTry(exchange);
  exchange.connection = null;
  retries.tried.push(exchange.endpoint!);
  const waitMs = fullJitterMs(retries.count, spec.backoffMs, spec.maxBackoffMs, random);
  retries.count++;
  cells[exchange.upstream!.metricsOffset + UpstreamCell.retries]!++;
  if (waitMs < WAIT_MIN_MS) {
    again(exchange);
    return;
  }
  exchange.downstream.pauseRequest();
  // If the exchange's own deadline is earlier, the timer fires at the deadline, and that try fails at once.
  io.wheel.schedule(retries, Math.min(io.clock.now + waitMs, exchange.deadline));
}

function again(exchange: Exchange): void {
  const { services, retries } = exchange;
  if (services.io.clock.now >= exchange.deadline) {
    refuseWithoutAnswer(exchange, new Fault('exchange_timeout'));
    return;
  }
  attempt(exchange, retries!.tried, false);
  goOnReading(exchange);
}
