// Responses that the gateway makes itself: filters' early replies, fixed replies, and refusals as problem+json (RFC 9457) or as a page.

import type { Fault } from '../base/fault.ts';
import { httpDate } from '../http/date.ts';
import { Headers } from '../http/headers.ts';
import { prefersHtml } from '../http/prefers-html.ts';
import { isBodiless } from '../http/status.ts';
import { pageText } from './error-pages.ts';
import type { Exchange } from './exchange.ts';
import { grpcFields, isGrpc } from './grpc-answer.ts';
import { problemBody, proxyStatus } from './problem.ts';
import { endAnswer, sendAnswerBody, startAnswer } from './respond.ts';
import { ExchangeResponse, type Reply } from './response.ts';

/** Sends `exchange.earlyReply`, as a refusal if there is also a fault. Releases the upstream first. */
export function sendEarlyReply(exchange: Exchange): void {
  const reply = exchange.earlyReply!;
  exchange.earlyReply = null;
  if (exchange.fault === null) answer(exchange, reply);
  else answer(exchange, refusalReply(exchange, exchange.fault, reply.headers));
}

/** Refuses the request, unless it has been answered already. */
export function refuse(exchange: Exchange, fault: Fault, headers?: Iterable<readonly [string, string]>): void {
  exchange.fault = fault;
  answer(exchange, refusalReply(exchange, fault, headers));
}

/** The upstream gave no response: sends a kept one if there is one, else the refusal. */
export function refuseWithoutAnswer(exchange: Exchange, fault: Fault): void {
  if (exchange.route!.plan.resilience.kept?.give(exchange, fault)) return;
  refuse(exchange, fault);
}

function refusalReply(
  exchange: Exchange,
  fault: Fault,
  headers: Iterable<readonly [string, string]> | undefined,
): Reply {
  const { request } = exchange;
  if (isGrpc(request)) {
    return { status: 200, headers: [...(headers ?? []), ...grpcFields(fault), ['Proxy-Status', proxyStatus(fault)]] };
  }
  const { status } = fault.kind;
  const page = exchange.snapshot.errorPages?.pageFor(exchange.route?.plan.errorPages ?? null, status) ?? null;
  const isPage = page !== null && prefersHtml(request.headers.getJoined('accept'));
  return {
    status,
    headers: [
      ...(headers ?? []),
      ['Content-Type', isPage ? 'text/html; charset=utf-8' : 'application/problem+json'],
      ['Proxy-Status', proxyStatus(fault)],
      ['Cache-Control', 'no-store'],
      // Also with problem+json: another caller would get the page.
      ...(page === null ? [] : [chosenByAccept]),
      ...(isPage ? [asDeclared] : []),
    ],
    body: isPage ? pageText(page, fault, exchange.requestId) : problemBody(fault, exchange.requestId),
  };
}

const chosenByAccept = ['Vary', 'Accept'] as const;
/** Keeps browsers from taking the page for anything but HTML. */
const asDeclared = ['X-Content-Type-Options', 'nosniff'] as const;

/** Sends a reply of the gateway's own, unless the exchange is over or answered already. Aborts the upstream's request first. */
export function answer(exchange: Exchange, reply: Reply): void {
  if (exchange.ended || exchange.answeredBy !== 'nobody') return;
  exchange.answeredBy = 'gateway';
  exchange.stopWaiting();
  if (exchange.connection !== null) {
    exchange.connection.abort();
    exchange.connection = null;
  }
  // Because: a filter may hold this response, and a hedged try that still waits could give another one meanwhile.
  if (exchange.hedge !== null) exchange.hedge.cancel();
  // Pieces of the upstream's response that arrived while a filter held its head are not part of this reply.
  exchange.heldResponse = null;
  exchange.heldResponseEnd = false;
  const headers = Headers.empty();
  for (const [name, value] of reply.headers ?? []) headers.append(name, value);
  headers.appendTrusted('Date', httpDate());
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body;
  const length = body === undefined ? 0 : body.length;
  const toHead = exchange.request.method === 'HEAD';
  if (!isBodiless(reply.status)) headers.appendTrusted('Content-Length', String(length));
  const hasBody = length > 0 && !toHead && !isBodiless(reply.status);
  exchange.response = new ExchangeResponse(reply.status, headers, hasBody ? length : toHead ? length : 0, hasBody);
  startAnswer(exchange);
  if (exchange.ended) return;
  if (hasBody) sendAnswerBody(exchange, body!, 0, length);
  endAnswer(exchange, null);
}
