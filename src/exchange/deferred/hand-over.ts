// Hands the upstream request of an exchange over to a new exchange that has no client: the response then arrives there.

import type { ResponseWriter } from '../../net/exchange-ends.ts';
import { NO_VERSION } from '../../telemetry/canary-cells.ts';
import { NO_PASS } from '../../upstream/guard.ts';
import type { Exchange } from '../exchange.ts';
import { followingExchange } from '../following-exchange.ts';
import type { Route } from '../route.ts';
import type { ExchangeServices } from '../services.ts';

/** Whether the exchange can be handed over: its request was sent completely, and no byte of a response has arrived. */
export function canHandOver(exchange: Exchange): boolean {
  return (
    exchange.connection !== null &&
    exchange.answeredBy === 'nobody' &&
    exchange.firstByteAt === 0 &&
    exchange.requestEnded &&
    exchange.requestPipe === null &&
    exchange.hedge === null
  );
}

/**
 * `services` are for exchanges that are not counted as a client's; `route` has no filters to run; the response goes to `to`. Gates, breaker
 * pass and endpoint pass to the new exchange.
 */
export function handOver(from: Exchange, services: ExchangeServices, route: Route, to: ResponseWriter): void {
  const exchange = followingExchange(from, services, route, to);
  exchange.requestId = from.requestId;
  exchange.startedAt = from.startedAt;
  exchange.requestTookMs = from.requestTookMs;
  exchange.deadline = from.deadline;
  exchange.responseTimeoutMs = from.responseTimeoutMs;
  exchange.idleTimeoutMs = from.idleTimeoutMs;
  exchange.upstream = from.upstream;
  exchange.endpoint = from.endpoint;
  exchange.connection = from.connection;
  exchange.attempts = from.attempts;
  exchange.sentAt = from.sentAt;
  exchange.retryPolicy = from.retryPolicy;
  exchange.retries = from.retries === null ? null : from.retries.passedOn(exchange);
  exchange.replayable = from.replayable;
  exchange.replayableBytes = from.replayableBytes;
  exchange.replayGivenUp = from.replayGivenUp;
  exchange.breakerPass = from.breakerPass;
  // The version is judged by the response that is still to come.
  exchange.versionCellsAt = from.versionCellsAt;
  exchange.routeGate = from.routeGate;
  exchange.upstreamGate = from.upstreamGate;
  from.breakerPass = NO_PASS;
  from.versionCellsAt = NO_VERSION;
  from.routeGate = null;
  from.upstreamGate = null;
  from.endpoint = null;
  from.replayable = null;
  if (from.deferral !== null) from.deferral.handedOver = true;
  const { connection } = from;
  from.connection = null;
  connection!.handOver(exchange, exchange);
}
