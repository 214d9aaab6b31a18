// Takes what an exchange has under way upstream over into another one, which has no client: the answer then comes there.

import { latin1 } from '../../base/latin1.ts';
import type { ResponseWriter } from '../../net/exchange-ends.ts';
import { ID_BLOCK_BYTES } from '../../telemetry/id-blocks.ts';
import { NO_PASS } from '../../upstream/guard.ts';
import { Exchange } from '../exchange.ts';
import type { Route } from '../route.ts';
import type { ExchangeServices } from '../services.ts';

/** Whether its request was sent whole and nothing of an answer has come: then it can be handed over. */
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

/** `services` are for exchanges that count as nobody's; `route` has no filters to run. Gates, passes and endpoint go with it. */
export function handOver(from: Exchange, services: ExchangeServices, route: Route, to: ResponseWriter): void {
  const exchange = new Exchange(services, from.snapshot, to, from.client, from.request);
  exchange.requestId = from.requestId;
  exchange.found = from.found;
  exchange.route = route;
  exchange.consumer = from.consumer;
  exchange.identity = from.identity;
  exchange.deadline = from.deadline;
  exchange.responseTimeoutMs = from.responseTimeoutMs;
  exchange.idleTimeoutMs = from.idleTimeoutMs;
  exchange.upstream = from.upstream;
  exchange.endpoint = from.endpoint;
  exchange.connection = from.connection;
  exchange.attempts = from.attempts;
  exchange.sentAt = from.sentAt;
  exchange.retryPolicy = from.retryPolicy;
  exchange.requestEnded = true;
  exchange.requestTrailers = from.requestTrailers;
  exchange.requestFiltered = from.requestFiltered;
  exchange.replayable = from.replayable;
  exchange.replayableBytes = from.replayableBytes;
  exchange.replayGivenUp = from.replayGivenUp;
  exchange.continuedLines = from.continuedLines;
  exchange.foreignIds =
    from.foreignIds === '' ? latin1(from.idBytes, from.idAt, from.idAt + ID_BLOCK_BYTES) : from.foreignIds;
  exchange.breakerPass = from.breakerPass;
  exchange.routeGate = from.routeGate;
  exchange.upstreamGate = from.upstreamGate;
  from.breakerPass = NO_PASS;
  from.routeGate = null;
  from.upstreamGate = null;
  from.endpoint = null;
  from.replayable = null;
  const { connection } = from;
  from.connection = null;
  connection!.handOver(exchange, exchange);
}
