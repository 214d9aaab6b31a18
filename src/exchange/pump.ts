// Moves bodies both ways with backpressure, and reacts to what either connection reports on the way.

import { Fault } from '../base/fault.ts';
import { httpDate } from '../http/date.ts';
import type { ResponseHead } from '../http/h1/response-head.ts';
import { BodyFraming } from '../http/h1/response-head.ts';
import { HeaderId } from '../http/header-names.ts';
import type { Headers } from '../http/headers.ts';
import { statusClass, UpstreamCell } from '../telemetry/metric-families.ts';
import { endRequestBody, sendRequestBody } from './attempt.ts';
import { gathered, gatherPiece } from './begin.ts';
import type { Exchange } from './exchange.ts';
import { finish } from './finish.ts';
import type { HedgePlan } from './hedge.ts';
import { attemptAnswered, attemptFailed } from './outcome.ts';
import { refuse, refuseWithoutAnswer } from './reply.ts';
import { abortAnswer, endAnswer, sendAnswerBody, startAnswer } from './respond.ts';
import { ExchangeResponse } from './response.ts';
import { endWait } from './retries.ts';
import { isUnprocessed, retry, retryAnswer, retryOverHttp1 } from './retry.ts';

// ---- From the client -------------------------------------------------------------------------------------------------

export function requestBody(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
  exchange.requestBytes += end - start;
  const { bodyBytesMax } = exchange;
  if (
    bodyBytesMax !== 0 &&
    // Which limit holds is known with the route. Until then `limits.matchBody` bounds what is gathered.
    !exchange.gathering &&
    exchange.requestBytes - exchange.request.headBytes > bodyBytesMax &&
    exchange.request.upgrade === ''
  ) {
    breakOff(exchange, new Fault('body_too_large'));
    return;
  }
  if (exchange.answeredBy === 'gateway') return;
  if (exchange.gathering) gatherPiece(exchange, bytes, start, end);
  else if (exchange.collector !== null) exchange.collector.push(bytes, start, end);
  // Because: the pipe may keep the piece, and the read buffer is overwritten by the next read.
  else if (exchange.requestPipe !== null) exchange.requestPipe.push(Buffer.from(bytes.subarray(start, end)));
  else {
    if (exchange.suspended) exchange.downstream.pauseRequest();
    sendRequestBody(exchange, bytes, start, end);
  }
}

export function requestEnd(exchange: Exchange, trailers: Headers | null): void {
  exchange.requestEnded = true;
  exchange.requestTookMs = Math.trunc(exchange.services.io.clock.now - exchange.startedAt);
  const { identityHeaders } = exchange.snapshot;
  if (identityHeaders !== null) trailers?.removeNamed(identityHeaders);
  exchange.requestTrailers = trailers;
  if (exchange.answeredBy === 'gateway') return;
  if (exchange.response?.status === 101) boundHalfOpen(exchange);
  if (exchange.gathering) gathered(exchange);
  else if (exchange.collector !== null) exchange.collector.end();
  else if (exchange.requestPipe !== null) exchange.requestPipe.end();
  else endRequestBody(exchange);
}

/** The request will not be completed: the client is gone, or gets a refusal. */
export function requestFault(exchange: Exchange, fault: Fault): void {
  if (exchange.ended) return;
  exchange.fault = fault;
  exchange.stopWaiting();
  if (fault.cannotBeAnswered) {
    exchange.connection?.abort();
    exchange.downstream.abortResponse();
    finish(exchange);
  } else breakOff(exchange, fault);
}

/** Refuses if no response has begun, otherwise cuts the response. */
function breakOff(exchange: Exchange, fault: Fault): void {
  exchange.fault = fault;
  if (!exchange.responseStarted && exchange.answeredBy === 'nobody') {
    refuse(exchange, fault);
    return;
  }
  exchange.connection?.abort();
  abortAnswer(exchange);
}

export function requestBlocked(exchange: Exchange): void {
  exchange.requestIsBlocked = true;
  if (!exchange.requestEnded || exchange.response?.status === 101) exchange.downstream.pauseRequest();
}

export function requestDrained(exchange: Exchange): void {
  exchange.requestIsBlocked = false;
  exchange.downstream.resumeRequest();
}

// ---- From the upstream -----------------------------------------------------------------------------------------------

export function informational(exchange: Exchange, head: ResponseHead): void {
  exchange.downstream.sendInformational(head.status, head.headers.lines());
}

export function responseHead(exchange: Exchange, head: ResponseHead): void {
  const { services, request } = exchange;
  const upstream = exchange.upstream!;
  exchange.firstByteAt = services.io.clock.now;
  services.cells[upstream.metricsOffset + UpstreamCell.status1xx + statusClass(head.status)]!++;
  exchange.endpoint!.latency?.answered(exchange.firstByteAt - exchange.sentAt, upstream.nowMs);
  if (upstream.resilience.guard !== null) attemptAnswered(exchange, head);
  const { hedge } = exchange.route!.plan.resilience;
  if (hedge !== null && !answersHedged(exchange, hedge, head.status)) return;
  if (exchange.retryPolicy !== null && retryAnswer(exchange, head.status)) return;
  exchange.replayable = null;
  exchange.answeredBy = 'upstream';
  if (head.status === 101) {
    if (!sameProtocol(head.upgrade, request.upgrade)) refuseSwitch(exchange, '');
    else if (exchange.downstream.acceptsSwitch(head.headers)) startTunnel(exchange, head);
    else refuseSwitch(exchange, 'Its Sec-WebSocket-Accept does not match the key.');
    return;
  }
  if (exchange.mirror !== null) exchange.mirror.answered(head.status, head.headers);
  // RFC 9110 section 6.6.1: a recipient with a clock that forwards a response without a date adds it.
  if (!head.headers.hasReceived(HeaderId.date)) head.headers.appendTrusted('Date', httpDate());
  const hasBody = head.framing !== BodyFraming.none;
  const { chain } = exchange.route!.plan;
  // A length in the response to HEAD, or in a 304, is not the length of this message.
  exchange.response = new ExchangeResponse(
    head.status,
    head.headers,
    hasBody ? head.contentLength : request.method === 'HEAD' ? -1 : 0,
    hasBody,
    head.validStatusLine ? head.status : 0,
  );
  startAnswer(exchange);
  // Keep the text of the head if it may still be needed: its bytes are overwritten by the next read.
  if (chain.onResponse.length === 0 && !chain.hasEnd && exchange.responseStarted) head.headers.forget();
  else head.headers.settle();
}

/** Whether this response counts. A 5xx of the first try does not while a second try, which then takes over, may give a better one. */
function answersHedged(exchange: Exchange, plan: HedgePlan, status: number): boolean {
  const { hedge, connection } = exchange;
  if (hedge !== null && status >= 500 && hedge.takeOver()) {
    connection!.discardResponse();
    return false;
  }
  // For a second try that took over, from the first one on: that is how long the client waited for the upstream.
  const since = hedge?.hasTakenOver ? exchange.retries!.upstreamSince : exchange.sentAt;
  plan.answered(exchange.services.io.clock.now - since);
  hedge?.cancel();
  return true;
}

export function responseBody(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
  if (exchange.mirror !== null) exchange.mirror.live?.push(bytes, start, end);
  sendAnswerBody(exchange, bytes, start, end);
}

export function responseEnd(exchange: Exchange, trailers: Headers | null): void {
  const { connection } = exchange;
  if (connection?.halfOpen) {
    // While a filter holds the head there is no tunnel to the client yet, and a tunnel that the endpoint has left already is not begun.
    if (exchange.responseStarted && exchange.downstream.endTunnelOut()) {
      boundHalfOpen(exchange);
      return;
    }
    connection.abort();
  }
  exchange.connection = null;
  const live = exchange.mirror?.live ?? null;
  if (live !== null) live.complete = true;
  endAnswer(exchange, trailers);
}

export function upstreamFault(exchange: Exchange, fault: Fault): void {
  if (exchange.ended || retryOverHttp1(exchange)) return;
  countFault(exchange, fault);
  attemptFailed(exchange, fault, isUnprocessed(exchange, fault));
  if (retry(exchange, fault)) return;
  if (exchange.responseStarted) {
    exchange.fault = fault;
    abortAnswer(exchange);
    return;
  }
  // A filter that waits would otherwise see this response and its refusal at the same time: it is called again once it is done.
  if (exchange.suspended) {
    exchange.fault = fault;
    dropConnection(exchange);
  } else replaceResponse(exchange, fault);
}

/** Sends a refusal, or a kept response, in place of a response of which nothing was sent yet. */
export function replaceResponse(exchange: Exchange, fault: Fault): void {
  dropConnection(exchange);
  exchange.answeredBy = 'nobody';
  refuseWithoutAnswer(exchange, fault);
}

function dropConnection(exchange: Exchange): void {
  exchange.connection?.abort();
  exchange.connection = null;
}

function countFault(exchange: Exchange, fault: Fault): void {
  const { cells } = exchange.services;
  const offset = exchange.upstream!.metricsOffset;
  if (fault.code === 'upstream_reset') cells[offset + UpstreamCell.resets]!++;
  else if (fault.kind.status === 504) cells[offset + UpstreamCell.timeouts]!++;
}

export function noConnection(exchange: Exchange, fault: Fault): void {
  exchange.waiting = false;
  endWait(exchange);
  if (exchange.ended) return;
  attemptFailed(exchange, fault);
  if (!retry(exchange, fault)) refuseWithoutAnswer(exchange, fault);
}

/** The whole time is up while the exchange waits for a connection or at a gate. Once it has a connection, that watches the deadline. */
export function deadlineReached(exchange: Exchange): void {
  if (!exchange.waiting || exchange.ended) return;
  exchange.stopWaiting();
  refuseWithoutAnswer(exchange, new Fault('exchange_timeout'));
}

export function responseBlocked(exchange: Exchange): void {
  exchange.responseIsBlocked = true;
  exchange.connection?.pauseResponse();
}

export function responseDrained(exchange: Exchange): void {
  exchange.responseIsBlocked = false;
  if (!exchange.suspended) exchange.connection?.resumeResponse();
}

// ---- Tunnels -----------------------------------------------------------------------------------------------------------

/** RFC 9110 section 7.8: only the protocol that the client asked for may be switched to. */
function sameProtocol(given: string, asked: string): boolean {
  return given.toLowerCase() === asked.toLowerCase();
}

/** The endpoint switched protocols, but not as it was asked to. `cause` is for the operator. */
function refuseSwitch(exchange: Exchange, cause: string): void {
  exchange.answeredBy = 'nobody';
  upstreamFault(exchange, new Fault('upstream_upgrade_refused', '', cause));
}

/** One side of the tunnel has ended: the other side continues while it sends something, within the shorter of both idle times. */
function boundHalfOpen(exchange: Exchange): void {
  const { tunnelIdleTimeoutMs: idleMs, tunnelHalfCloseTimeoutMs: halfMs } = exchange.upstream!.spec;
  exchange.idleTimeoutMs = idleMs === 0 || (halfMs !== 0 && halfMs < idleMs) ? halfMs : idleMs;
}

/**
 * Begins a tunnel after a 101: raw bytes pass both ways until both sides have ended. Filters see the head of the response, not the bytes.
 */
function startTunnel(exchange: Exchange, head: ResponseHead): void {
  const { headers } = head;
  headers.appendTrusted('Connection', 'Upgrade');
  headers.appendTrusted('Upgrade', head.upgrade);
  exchange.response = new ExchangeResponse(101, headers, 0, false);
  exchange.idleTimeoutMs = exchange.upstream!.spec.tunnelIdleTimeoutMs;
  exchange.deadline = Infinity;
  exchange.requestEnded = false;
  startAnswer(exchange);
  headers.settle();
}
