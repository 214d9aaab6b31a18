// Writes a request's head as it goes upstream: what came, less what concerned the client's hop, plus what the gateway adds.

import { HeaderId } from '../http/header-names.ts';
import type { HeadOutput } from '../http/headers.ts';
import { traceContext } from '../telemetry/trace-context.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { Exchange } from './exchange.ts';
import { forwardedLines } from './forwarded.ts';

/** What the gateway adds is made once and kept for another attempt, which is the same request. */
function addedLines(exchange: Exchange, chunked: boolean): string {
  const { request } = exchange;
  const { headers } = request;
  const trace = traceContext(headers.getOnlyById(HeaderId.traceparent));
  exchange.traceId = trace.traceId;
  headers.removeById(HeaderId.traceparent);
  if (!trace.keepTracestate) headers.removeById(HeaderId.tracestate);
  if (chunked) headers.removeById(HeaderId.contentLength);
  // Because: what a stranger claims is not passed on, and every log on the way is to show the same id.
  const { requestId } = exchange;
  headers.removeById(HeaderId.xRequestId);
  let framing = '\r\n';
  if (request.upgrade !== '') framing = `Connection: Upgrade\r\nUpgrade: ${request.upgrade}\r\n\r\n`;
  if (chunked) framing = `Transfer-Encoding: chunked\r\n${framing}`;
  return `X-Request-Id: ${requestId}\r\ntraceparent: ${trace.traceparent}\r\n${framing}`;
}

/** Writes the head for this endpoint. Lengths stand as received unless a filter changes the body (`chunked` then). */
export function writeUpstreamHead(exchange: Exchange, endpoint: Endpoint, chunked: boolean, out: HeadOutput): void {
  const { request, found } = exchange;
  const { headers } = request;
  const { rewrite, chain } = exchange.route!;
  if (exchange.addedLines === '') exchange.addedLines = addedLines(exchange, chunked);
  const untouched = rewrite === null && chain.filters.length === 0 && request.path === request.rawPath;
  if (untouched && request.targetForm === 'origin' && request.version === '1.1') {
    const forwarded = forwardedLines(exchange);
    headers.writeWithStartLine(out);
    out.text(forwarded);
    out.text(exchange.addedLines);
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
  out.text(forwarded);
  out.text(exchange.addedLines);
}
