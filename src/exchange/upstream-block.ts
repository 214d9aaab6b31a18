// Writes a request's head for an HTTP/2 upstream: the same fields as in upstream-head.ts, as a header block.

import { latin1 } from '../base/latin1.ts';
import type { RequestBlock } from '../http/h2/request-block.ts';
import { HeaderId } from '../http/header-names.ts';
import { ID_BLOCK_BYTES } from '../telemetry/id-blocks.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { Exchange } from './exchange.ts';
import { forwardedLines } from './forwarded.ts';
import { carriesGrpc } from './grpc-answer.ts';

/** Writes the head for this endpoint into `block`. */
export function writeUpstreamBlock(exchange: Exchange, endpoint: Endpoint, block: RequestBlock): void {
  const { request, found, idBatch, idAt } = exchange;
  const { headers } = request;
  const { rewrite } = exchange.route!.plan;
  let { path, authority } = request;
  if (endpoint.sentHost !== '') authority = endpoint.sentHost;
  if (rewrite !== null) {
    path = rewrite.apply(path, found!);
    if (rewrite.host !== '') authority = rewrite.host;
  }
  if (authority === '') ({ authority } = endpoint);
  const target = request.hasQuery || request.query !== '' ? `${path}?${request.query}` : path;
  const scheme = endpoint.key.startsWith('https:') ? 'https' : 'http';
  let key = '';
  if (request.upgrade === '') block.begin(request.method, scheme, authority, target, headers.neverIndexed);
  else {
    key = headers.get('sec-websocket-key') ?? '';
    headers.remove('sec-websocket-key');
    // In HTTP/1.1 a length of 0 says that the upgrade has no body; here it would be the length of the tunnel.
    headers.removeById(HeaderId.contentLength);
    block.beginConnect(request.upgrade.toLowerCase(), scheme, authority, target, key, headers.neverIndexed);
  }
  const forwarded = forwardedLines(exchange);
  headers.visit(block);
  // HTTP/2 has no use for the key, but another try may go over HTTP/1.1, and the proof in the response is made from it.
  if (key !== '') headers.appendTrusted('Sec-WebSocket-Key', key);
  block.lines(forwarded);
  block.lines(exchange.foreignIds === '' ? latin1(idBatch.bytes, idAt, idAt + ID_BLOCK_BYTES) : exchange.foreignIds);
  if (carriesGrpc(request)) block.takesTrailers();
}
