// An exchange that continues another one without its client: a mirror's copy, or a response that is fetched later. Sends nothing itself.

import { latin1 } from '../base/latin1.ts';
import type { ResponseWriter } from '../net/exchange-ends.ts';
import { ID_BLOCK_BYTES } from '../telemetry/id-blocks.ts';
import { Exchange } from './exchange.ts';
import type { Route } from './route.ts';
import type { ExchangeServices } from './services.ts';

/**
 * An exchange for the same request of the same caller, completely read and past its filters, with the same ids; its response goes to `to`.
 * `services` are for exchanges that are not counted as a client's; `route` has no filters to run.
 */
export function followingExchange(
  from: Exchange,
  services: ExchangeServices,
  route: Route,
  to: ResponseWriter,
): Exchange {
  const exchange = new Exchange(services, from.snapshot, to, from.client, from.request);
  exchange.found = from.found;
  exchange.route = route;
  exchange.consumer = from.consumer;
  exchange.identity = from.identity;
  exchange.requestEnded = true;
  exchange.requestTrailers = from.requestTrailers;
  exchange.requestFiltered = from.requestFiltered;
  // Both exchanges share one head, which was prepared when the first exchange sent it.
  exchange.headReady = true;
  exchange.continuedLines = from.continuedLines;
  // Because: the new exchange has a block of ids of its own, and is to send the ids of `from`.
  exchange.foreignIds =
    from.foreignIds === '' ? latin1(from.idBatch.bytes, from.idAt, from.idAt + ID_BLOCK_BYTES) : from.foreignIds;
  return exchange;
}
