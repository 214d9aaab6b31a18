// Begins an exchange: normalises its path, finds its route, runs the filters before it goes upstream.

import { Fault } from '../base/fault.ts';
import { HeaderId } from '../http/header-names.ts';
import { normalizePath } from '../http/path.ts';
import type { RequestHead } from '../http/request-head.ts';
import { needsBody } from '../route/route-table.ts';
import { endRequestBody, sendRequestBody } from './attempt.ts';
import { type BodyHook, BodyPipe, type BodyPipeEnds } from './body-pipe.ts';
import { failFilter, runRequestChain } from './chain.ts';
import { ANSWERS_PATH, answersWordIn } from './deferred/answers-path.ts';
import type { Exchange } from './exchange.ts';
import { forward } from './forward.ts';
import { gatheredBodies } from './gathered-bodies.ts';
import { answer, refuse, sendEarlyReply } from './reply.ts';
import { abortAnswer } from './respond.ts';
import type { Route } from './route.ts';
import type { ListenerNames } from './snapshot.ts';

/** First step of every exchange. The response may be complete when it returns. */
export function begin(exchange: Exchange, entrance: { nameIn(names: ListenerNames): string }): void {
  const { request, snapshot } = exchange;
  if (snapshot.listenerNames !== undefined) {
    // Asked once: a route that matches on the body is looked for later, perhaps when the listener has another name.
    request.arrival = { listener: entrance.nameIn(snapshot.listenerNames), client: exchange.client.ip };
  }
  // Before anything reads the head: a route may match on such a field, and an upstream behind a public route believes it, too.
  if (snapshot.identityHeaders !== null) request.headers.removeNamed(snapshot.identityHeaders);
  if (request.targetForm === 'asterisk') {
    answer(exchange, { status: 204, headers: [['Allow', COMMON_METHODS]] });
    return;
  }
  if (request.pathNeedsCare) {
    const normalized = normalizePath(request.rawPath, snapshot.paths);
    if (!normalized.ok) {
      refuseMessage(exchange, new Fault(normalized.code, normalized.detail));
      return;
    }
    request.path = normalized.path;
  } else request.path = request.rawPath;
  request.host = hostOf(request.authority);
  if (request.upgrade !== '' && request.hasBody) {
    refuseMessage(exchange, new Fault('invalid_upgrade'));
    return;
  }
  findRoute(exchange);
}

/** Refuses a message that another server could read differently. Nothing after it is read from the connection. */
function refuseMessage(exchange: Exchange, fault: Fault): void {
  exchange.downstream.closeAfter();
  refuse(exchange, fault);
}

/** `Allow` where no route is known: for `OPTIONS *`, and for TRACE without a matching route. */
const COMMON_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

let lastAuthority = '';
let lastHost = '';

/** The host of an authority: in lower case, without port and final dot. Remembers the last one. */
function hostOf(authority: string): string {
  if (authority === lastAuthority) return lastHost;
  lastAuthority = authority;
  const colon = authority.lastIndexOf(':');
  const name = colon > authority.lastIndexOf(']') ? authority.slice(0, colon) : authority;
  // A name with a dot at its end is the same name (RFC 1034 section 3.1).
  lastHost = (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();
  return lastHost;
}

/** Finds the route and runs its filters. Runs a second time, with the body, when routes match on the body. */
function findRoute(exchange: Exchange): void {
  const { request, snapshot } = exchange;
  if (request.method === 'TRACE') {
    // An echo would show the client the fields that the gateway adds, and show a script the fields that its browser hides from it.
    const allowed = snapshot.routes.allowedMethods(request);
    const methods = allowed.length === 0 ? COMMON_METHODS : allowHeader(allowed);
    refuse(exchange, new Fault('method_not_allowed'), [['Allow', methods]]);
    return;
  }
  if (snapshot.answers !== undefined && request.path.startsWith(ANSWERS_PATH)) {
    toAnswers(exchange, snapshot.answers);
    return;
  }
  const found = snapshot.routes.find(request);
  if (found === needsBody) {
    gatherBody(exchange);
    return;
  }
  if (found === null) {
    withoutRoute(exchange);
    return;
  }
  exchange.found = found;
  exchange.route = found.value;
  if (request.hasBody && refusesBody(exchange)) return;
  const { shedder } = exchange.services;
  if (shedder.enabled && !shedder.admits(found.value.plan.priority)) {
    refuse(exchange, new Fault('overloaded'), [['Retry-After', '2']]);
    return;
  }
  runFilters(exchange, afterFilters);
}

/** Refuses a body above the route's limit, or that of all routes: by its announced length, or by what has been gathered of it. */
function refusesBody(exchange: Exchange): boolean {
  const { request } = exchange;
  exchange.bodyBytesMax = exchange.route!.plan.bodyBytesMax ?? exchange.bodyBytesMax;
  const { bodyBytesMax } = exchange;
  const received = exchange.requestBytes - request.headBytes;
  if (bodyBytesMax === 0 || (request.contentLength <= bodyBytesMax && received <= bodyBytesMax)) return false;
  refuse(exchange, new Fault('body_too_large'));
  return true;
}

/** Handles a client that fetches its deferred response. */
function toAnswers(exchange: Exchange, answers: ReadonlyMap<string, Route>): void {
  const { request } = exchange;
  const route = answers.get(answersWordIn(request.path));
  if (route === undefined || !showsAnswers(route, request)) {
    refuse(exchange, new Fault('answer_not_found'));
    return;
  }
  exchange.route = route;
  runFilters(exchange, afterFilters);
}

/** A route that holds at some listeners, or for some clients, shows its responses only there. */
function showsAnswers({ plan: { destination } }: Route, request: RequestHead): boolean {
  return destination.kind === 'answers' && destination.plan.onArrival.every(each => each.matches(request));
}

function runFilters(exchange: Exchange, next: (exchange: Exchange) => void): void {
  const { chain } = exchange.route!.plan;
  if (chain.filters.length === 0) {
    next(exchange);
    return;
  }
  exchange.state = [];
  if (chain.onRequest.length === 0) {
    exchange.entered = chain.filters.length;
    next(exchange);
  } else runRequestChain(exchange, chain, 0, next);
}

function afterFilters(exchange: Exchange): void {
  if (exchange.earlyReply !== null) {
    sendEarlyReply(exchange);
    return;
  }
  const { chain } = exchange.route!.plan;
  const { heldRequest } = exchange;
  if (chain.hasRequestBody && exchange.request.hasBody) {
    exchange.requestFiltered = true;
    exchange.requestPipe = new BodyPipe(exchange, requestHooks(exchange), requestEnds);
    exchange.heldRequest = null;
    forward(exchange);
    if (heldRequest !== null && !exchange.ended) for (const piece of heldRequest) exchange.requestPipe.push(piece);
    if (exchange.requestEnded && !exchange.ended) exchange.requestPipe.end();
  } else forward(exchange);
  if (!exchange.ended && !exchange.waiting && !exchange.requestIsBlocked) exchange.downstream.resumeRequest();
}

function requestHooks(exchange: Exchange): BodyHook[] {
  const hooks: BodyHook[] = [];
  for (const filter of exchange.route!.plan.chain.filters) {
    if (filter.onRequestBody !== undefined)
      hooks.push((owner, piece, last) => filter.onRequestBody!(owner, piece, last));
  }
  return hooks;
}

const requestEnds: BodyPipeEnds = {
  output(exchange, piece, last) {
    if (exchange.earlyReply !== null) {
      exchange.requestPipe!.close();
      sendEarlyReply(exchange);
      return;
    }
    if (exchange.fault !== null && exchange.answeredBy === 'upstream') {
      exchange.requestPipe!.close();
      cutAnswer(exchange);
      return;
    }
    if (piece.length > 0) sendRequestBody(exchange, piece, 0, piece.length);
    if (last) {
      exchange.requestPipe = null;
      endRequestBody(exchange);
    }
  },
  pause(exchange) {
    exchange.downstream.pauseRequest();
  },
  resume(exchange) {
    if (!exchange.waiting && !exchange.requestIsBlocked) exchange.downstream.resumeRequest();
  },
  failed(exchange, error) {
    failFilter(exchange, error);
    if (exchange.earlyReply !== null) sendEarlyReply(exchange);
    else cutAnswer(exchange);
  },
};

/** Gives up a request whose response has begun: it can no longer be refused, but neither side takes it for complete. */
function cutAnswer(exchange: Exchange): void {
  exchange.connection?.abort();
  abortAnswer(exchange);
}

// ---- Routes that match on a field of the body ----------------------------------------------------------------------

/** Holds the body until it is complete, then finds the route again. */
function gatherBody(exchange: Exchange): void {
  const { request, snapshot } = exchange;
  if (!request.hasBody || request.contentLength > snapshot.limits.matchBodyBytesMax) {
    gathered(exchange);
    return;
  }
  exchange.gathering = true;
  if (request.expectContinue) exchange.downstream.sendInformational(100, '');
}

/** Called when the bodies that are gathered take too much memory together, and this one has been arriving longest. */
function giveUpGathering(exchange: Exchange): void {
  exchange.gathering = false;
  refuse(exchange, new Fault('overloaded'), [['Retry-After', '2']]);
}

/** Takes a piece of a body that is being gathered. Beyond `limits.matchBody`, routes that match on the body are passed over. */
export function gatherPiece(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
  // Because: the body must be whole before it can be read as JSON, and it is bounded.
  (exchange.heldRequest ??= []).push(Buffer.from(bytes.subarray(start, end)));
  const { matchBodyBytesMax } = exchange.snapshot.limits;
  if (exchange.requestBytes - exchange.request.headBytes > matchBodyBytesMax) gathered(exchange);
  else gatheredBodies.grow(exchange, end - start, matchBodyBytesMax, giveUpGathering);
}

/** Called when the body is complete, or too large to be looked at: finds the route again. */
export function gathered(exchange: Exchange): void {
  exchange.gathering = false;
  gatheredBodies.leave(exchange);
  exchange.request.body = exchange.requestEnded ? parseJson(exchange.heldRequest) : null;
  findRoute(exchange);
}

/** The body as JSON; null when it is not JSON, so that no route's body condition holds. */
function parseJson(pieces: Buffer[] | null): unknown {
  if (pieces === null) return null;
  try {
    // Because: only routes that match on a field of the body come here, with a body within `limits.matchBody`.
    const value: unknown = JSON.parse(Buffer.concat(pieces).toString());
    return value === undefined ? null : value;
  } catch {
    return null;
  }
}

// ---- Nothing found ---------------------------------------------------------------------------------------------------

function withoutRoute(exchange: Exchange): void {
  const { request, snapshot } = exchange;
  if (request.method === 'OPTIONS') {
    const asked = request.headers.get('access-control-request-method');
    if (asked !== undefined && request.headers.getById(HeaderId.origin) !== undefined) {
      const found = snapshot.routes.findForPreflight(request, asked);
      if (found !== null && found !== needsBody) {
        exchange.found = found;
        exchange.route = found.value;
        runFilters(exchange, afterPreflight);
        return;
      }
    }
  }
  const allowed = snapshot.routes.allowedMethods(request);
  if (allowed.length === 0) refuse(exchange, new Fault('route_not_found'));
  else if (request.method === 'OPTIONS') answer(exchange, { status: 204, headers: [['Allow', allowHeader(allowed)]] });
  else refuse(exchange, new Fault('method_not_allowed'), [['Allow', allowHeader(allowed)]]);
}

/** Ends a preflight that no filter answered: the route does not serve OPTIONS, so it is not sent upstream. */
function afterPreflight(exchange: Exchange): void {
  if (exchange.earlyReply !== null) {
    sendEarlyReply(exchange);
    return;
  }
  const allowed = exchange.snapshot.routes.allowedMethods(exchange.request);
  answer(exchange, { status: 204, headers: [['Allow', allowHeader(allowed)]] });
}

/** The value of `Allow` for these methods; empty for none. OPTIONS is added, since the gateway answers it itself. */
export function allowHeader(methods: readonly string[]): string {
  return methods.includes('OPTIONS') || methods.length === 0 ? methods.join(', ') : [...methods, 'OPTIONS'].join(', ');
}
