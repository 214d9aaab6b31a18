// Sends a request's head over one connection, in the form of its protocol. The first time, the received head is prepared for that: fields
// that the gateway replaces are removed and kept separately, so that every further try sends the same.

import { HeaderId } from '../http/header-names.ts';
import type { RequestWriter } from '../net/exchange-ends.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { Exchange } from './exchange.ts';
import { foreignIds } from './foreign-ids.ts';
import { continuedLines } from './forwarded.ts';
import { writeUpstreamBlock } from './upstream-block.ts';
import { writeUpstreamHead } from './upstream-head.ts';

/** `chunked`: the body's length is not known in advance, whatever the client announced. */
export function sendHead(exchange: Exchange, endpoint: Endpoint, connection: RequestWriter, chunked: boolean): void {
  if (!exchange.headReady) makeReady(exchange, chunked);
  const { block } = connection;
  if (block === null) writeUpstreamHead(exchange, endpoint, chunked, exchange.services.io.outbox);
  else {
    writeUpstreamBlock(exchange, endpoint, block);
    connection.sendHead();
  }
}

/** Prepares the head once per exchange, when it is first sent; not for an attempt that gets no connection. */
function makeReady(exchange: Exchange, chunked: boolean): void {
  const { client, request } = exchange;
  exchange.headReady = true;
  exchange.foreignIds = foreignIds(exchange);
  if (client.trusted) {
    exchange.continuedLines = continuedLines(client, request.headers, request.authority, request.version);
  }
  if (chunked) request.headers.removeById(HeaderId.contentLength);
}
