// The buffer filter: collects the body before the upstream is asked, within a bound for all of them, and announces its length.

import { collectBody } from '../../exchange/collect-body.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterDefinition } from '../../exchange/filter.ts';
import { carriesGrpc } from '../../exchange/grpc-answer.ts';
import { HeaderId } from '../../http/header-names.ts';
import type { BufferConfig } from './config.ts';

export const bufferFilter: FilterDefinition<BufferConfig> = {
  name: 'buffer',
  events: ['full'],
  build({ max, memory }, { slot, worker, eventCell }) {
    const fullCell = eventCell('full');
    /** Bytes reserved for bodies that are being held. */
    let held = 0;
    return {
      onRequest(exchange) {
        const { request } = exchange;
        if (!request.hasBody || request.contentLength > max || carriesGrpc(request)) return;
        const room = request.lengthUnknown ? max : request.contentLength;
        if (held + room > memory) {
          worker.cells[fullCell]!++;
          return;
        }
        held += room;
        exchange.state[slot] = room;
        return hold(exchange, max);
      },
      onEnd(exchange) {
        const room = exchange.state[slot];
        if (typeof room === 'number') held -= room;
      },
    };
  },
};

/** Waits for the whole body. One that turns out to be larger goes on as it arrives. */
async function hold(exchange: Exchange, max: number): Promise<void> {
  const body = await collectBody(exchange, max);
  if (exchange.ended || body === null) return;
  const { request } = exchange;
  // The client has been told to go on already.
  request.headers.removeById(HeaderId.expect);
  // Trailers can only follow a body in chunks.
  if (request.lengthUnknown && exchange.requestTrailers === null) request.announceLength(body.length);
}
