// Sends a response to the client, the upstream's or the gateway's own: through the filters that were entered, then head, body and end.

import { Fault } from '../base/fault.ts';
import { HeaderId } from '../http/header-names.ts';
import type { Headers } from '../http/headers.ts';
import { isBodiless } from '../http/status.ts';
import { ResponseFraming } from '../net/exchange-ends.ts';
import { type BodyHook, BodyPipe, type BodyPipeEnds } from './body-pipe.ts';
import { failFilter, isReplaced, runResponseChain } from './chain.ts';
import type { Exchange } from './exchange.ts';
import { finish } from './finish.ts';

/** Starts the response in `exchange.response`: runs the filters, then sends the head. */
export function startAnswer(exchange: Exchange): void {
  const { route } = exchange;
  if (route !== null && route.plan.chain.onResponse.length !== 0 && !exchange.passFilters)
    runResponseChain(exchange, route.plan.chain, 0, sendHead);
  else sendHead(exchange);
}

function sendHead(exchange: Exchange): void {
  if (isReplaced(exchange)) {
    const fault = exchange.fault!;
    exchange.passFilters = fault.code === 'filter_failed';
    exchange.services.steps.replaceResponse(exchange, fault);
    return;
  }
  const response = exchange.response!;
  const { headers, contentLength, hasBody } = response;
  if (exchange.stickyCookie !== '') headers.append('Set-Cookie', exchange.stickyCookie);
  if (exchange.affinityCookie !== '' && exchange.answeredBy === 'upstream') {
    headers.append('Set-Cookie', exchange.affinityCookie);
  }
  let framing: number = ResponseFraming.none;
  if (response.status === 101) framing = ResponseFraming.tunnel;
  else if (!hasBody) sayThatNothingFollows(exchange, response.status, headers);
  else framing = contentLength === -1 ? ResponseFraming.unknown : ResponseFraming.length;
  if (response.bodyFilters !== 0 && hasBody) {
    exchange.responsePipe = new BodyPipe(exchange, responseHooks(exchange, response.bodyFilters), responseEnds);
  }
  exchange.responseStarted = true;
  exchange.answeredAt = exchange.services.io.clock.now;
  exchange.responseBytes += headers.size + STATUS_LINE_BYTES;
  exchange.downstream.startResponse(response.status, headers, framing, response.asReceived);
  if (exchange.heldResponse !== null || exchange.heldResponseEnd) releaseHeld(exchange);
}

/**
 * Says in the head that no body follows. A response whose head ended its stream may have no length: in HTTP/1.1 that would mean a body
 * until the connection closes (RFC 9112 section 6.3), and the client would wait for a body that never comes. Responses without a body by
 * their status, or to HEAD, get no length (RFC 9110 section 8.6).
 */
function sayThatNothingFollows({ request }: Exchange, status: number, headers: Headers): void {
  if (request.method === 'HEAD' || isBodiless(status)) return;
  if (headers.getById(HeaderId.contentLength) === undefined) headers.appendTrusted('Content-Length', '0');
}

/** About the number of bytes that the status line and the framing fields take. */
const STATUS_LINE_BYTES = 19;

/** Sends a piece of the response's body; `bytes` are valid during the call only. */
export function sendAnswerBody(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
  if (!exchange.responseStarted) {
    // Because: the read buffer is overwritten by the next read, and a filter still waits.
    (exchange.heldResponse ??= []).push(Buffer.from(bytes.subarray(start, end)));
    exchange.connection?.pauseResponse();
    return;
  }
  const { responsePipe } = exchange;
  if (responsePipe !== null) {
    responsePipe.push(Buffer.from(bytes.subarray(start, end)));
    return;
  }
  exchange.responseBytes += end - start;
  exchange.downstream.sendBody(bytes, start, end);
}

/** The response's body is complete. */
export function endAnswer(exchange: Exchange, trailers: Headers | null): void {
  exchange.responseTrailers = trailers;
  if (!exchange.responseStarted) exchange.heldResponseEnd = true;
  else if (exchange.responsePipe !== null) exchange.responsePipe.end();
  else completeAnswer(exchange);
}

function completeAnswer(exchange: Exchange): void {
  exchange.downstream.endResponse(exchange.responseTrailers);
  finish(exchange);
}

/** Breaks off a response that has begun, so that the client sees that it is not complete. */
export function abortAnswer(exchange: Exchange): void {
  exchange.downstream.abortResponse();
  finish(exchange);
}

function releaseHeld(exchange: Exchange): void {
  const held = exchange.heldResponse;
  exchange.heldResponse = null;
  if (held !== null) for (const piece of held) sendAnswerBody(exchange, piece, 0, piece.length);
  if (exchange.heldResponseEnd) {
    exchange.heldResponseEnd = false;
    endAnswer(exchange, exchange.responseTrailers);
  } else if (!exchange.responseIsBlocked) exchange.connection?.resumeResponse();
}

/** Body hooks of the filters that asked for the body, last filter first. */
function responseHooks(exchange: Exchange, slots: number): BodyHook[] {
  const hooks: BodyHook[] = [];
  const { filters } = exchange.route!.plan.chain;
  for (let place = exchange.entered - 1; place >= 0; place--) {
    const filter = filters[place]!;
    if ((slots & (1 << place)) === 0 || filter.onResponseBody === undefined) continue;
    hooks.push((owner, piece, last) => filter.onResponseBody!(owner, piece, last));
  }
  return hooks;
}

const responseEnds: BodyPipeEnds = {
  output(exchange, piece, last) {
    exchange.responseBytes += piece.length;
    if (piece.length > 0) exchange.downstream.sendBody(piece, 0, piece.length);
    if (last) completeAnswer(exchange);
  },
  pause(exchange) {
    exchange.connection?.pauseResponse();
  },
  resume(exchange) {
    if (!exchange.responseIsBlocked) exchange.connection?.resumeResponse();
  },
  failed(exchange, error) {
    failFilter(exchange, error);
    exchange.fault = new Fault('filter_failed');
    exchange.connection?.abort();
    abortAnswer(exchange);
  },
};
