// The text of a request's head as it goes upstream: what came, less what concerned the client's hop, plus what the gateway adds.

import { HeaderId } from '../http/header-names.ts';
import { traceContext } from '../telemetry/trace-context.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { Exchange } from './exchange.ts';
import { forwardedLines } from './forwarded.ts';

/** Builds the head for this endpoint. Lengths stand as received unless a filter changes the body (`chunked` then). */
export function buildUpstreamHead(exchange: Exchange, endpoint: Endpoint, chunked: boolean): string {
  const { request, route, found } = exchange;
  const { headers } = request;
  const rewrite = route!.rewrite;
  let path = request.path;
  let authority = request.authority;
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
  let text = `${request.method} ${request.hasQuery || request.query !== '' ? `${path}?${request.query}` : path} HTTP/1.1\r\n`;
  if (replaceHost) {
    headers.removeById(HeaderId.host);
    text += `Host: ${authority}\r\n`;
  }
  const added = forwardedLines(exchange);
  const trace = traceContext(headers.getOnlyById(HeaderId.traceparent));
  exchange.traceId = trace.traceId;
  headers.removeById(HeaderId.traceparent);
  if (!trace.keepTracestate) headers.removeById(HeaderId.tracestate);
  if (chunked) headers.removeById(HeaderId.contentLength);
  // Because: what a stranger claims is not passed on, and every log on the way is to show the same id.
  const { requestId } = exchange;
  headers.removeById(HeaderId.xRequestId);
  text += `${headers.lines()}${added}X-Request-Id: ${requestId}\r\n`;
  text += `traceparent: ${trace.traceparent}\r\n`;
  if (chunked) text += 'Transfer-Encoding: chunked\r\n';
  if (request.upgrade !== '') text += `Connection: Upgrade\r\nUpgrade: ${request.upgrade}\r\n`;
  return `${text}\r\n`;
}
