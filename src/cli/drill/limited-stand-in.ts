// A stand-in for an endpoint of limited capacity: processes a number of requests at once, each for a fixed time; further requests queue
// without limit. Health checks take no place and get their response at once: many of them, or a long time for a request, would otherwise
// lower the capacity that the drill measures against, and make checks fail that pass at the user's endpoints.

import { createServer, type ServerResponse } from 'node:http';
import { type HealthyResponse, healthyResponseFor, isHealthCheck, sendResponse } from './healthy-response.ts';

export interface LimitedStandIn {
  readonly port: number;
  /** The most requests a second that it can process. */
  readonly capacity: number;
  /** The most requests that waited at the same time. */
  readonly longestQueue: number;
  stop(): Promise<void>;
}

/** Processes `atOnce` requests at a time, each for `serviceMs`. */
export async function startLimitedStandIn(
  atOnce: number,
  serviceMs: number,
  healthy: HealthyResponse = healthyResponseFor(undefined),
): Promise<LimitedStandIn> {
  const waiting: ServerResponse[] = [];
  let working = 0;
  let longestQueue = 0;
  const work = (response: ServerResponse): void => {
    working++;
    setTimeout(() => {
      working--;
      response.end('done');
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        // Requests whose client has gone are not processed.
        if (next.destroyed) continue;
        work(next);
        break;
      }
    }, serviceMs);
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume();
    if (isHealthCheck(request, healthy)) sendResponse(response, healthy.status, healthy.body);
    else if (working < atOnce) work(response);
    else {
      waiting.push(response);
      longestQueue = Math.max(longestQueue, waiting.length);
    }
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address !== 'object') throw new Error('no port');
  return {
    port: address.port,
    capacity: (atOnce * 1_000) / serviceMs,
    get longestQueue() {
      return longestQueue;
    },
    stop: () =>
      new Promise(resolve => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
