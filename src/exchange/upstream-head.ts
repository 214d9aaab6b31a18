// Writes a request's head as it goes upstream in HTTP/1.1: what arrived, without what concerns the client's hop, plus what the gateway
// adds.

import { HeaderId } from '../http/header-names.ts';
import type { HeadOutput } from '../http/headers.ts';
import { ID_BLOCK_BYTES } from '../telemetry/id-blocks.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { Exchange } from './exchange.ts';
import { forwardedLines } from './forwarded.ts';

/**
 * Writes the fields after the received ones, and the empty line. They are made from what is kept, so that another attempt sends the same.
 */
function writeAdded(exchange: Exchange, chunked: boolean, out: HeadOutput): void {
  const { request, idBatch, idAt } = exchange;
  if (exchange.foreignIds === '') out.bytes(idBatch.bytes, idAt, idAt + ID_BLOCK_BYTES);
  else out.text(exchange.foreignIds);
  if (chunked) out.text('Transfer-Encoding: chunked\r\n');
  out.text(request.upgrade === '' ? '\r\n' : `Connection: Upgrade\r\nUpgrade: ${request.upgrade}\r\n\r\n`);
}

/** Writes the head for this endpoint. Lengths stay as received unless a filter changes the body: then `chunked` is true. */
export function writeUpstreamHead(exchange: Exchange, endpoint: Endpoint, chunked: boolean, out: HeadOutput): void {
  const { request, found } = exchange;
  const { headers } = request;
  const { rewrite } = exchange.route!.plan;
  const untouched = rewrite === null && request.path === request.rawPath && request.query === request.rawQuery;
  if (untouched && request.targetForm === 'origin' && request.version !== '1.0' && endpoint.sentHost === '') {
    const forwarded = forwardedLines(exchange);
    headers.writeWithStartLine(out);
    out.text(forwarded);
    writeAdded(exchange, chunked, out);
    return;
  }
  let { path, authority } = request;
  let replaceHost = request.targetForm === 'absolute';
  if (rewrite !== null) {
    path = rewrite.apply(path, found!);
    if (rewrite.host !== '') {
      authority = rewrite.host;
      replaceHost = true;
    }
  }
  const byUpstream = endpoint.sentHost !== '' && (rewrite === null || rewrite.host === '');
  if (byUpstream) {
    authority = endpoint.sentHost;
    replaceHost = true;
  }
  if (authority === '') {
    authority = endpoint.authority;
    replaceHost = true;
  }
  out.text(
    `${request.method} ${request.hasQuery || request.query !== '' ? `${path}?${request.query}` : path} HTTP/1.1\r\n`,
  );
  if (replaceHost) {
    headers.removeById(HeaderId.host);
    out.text(`Host: ${authority}\r\n`);
  }
  const forwarded = forwardedLines(exchange);
  headers.write(out);
  // The next try, or the copy of a mirror, may go to an upstream that gets the client's.
  if (byUpstream) headers.appendTrusted('Host', request.authority);
  out.text(forwarded);
  writeAdded(exchange, chunked, out);
}
