// Ids of a request that came from outside: the trace that is continued, and the request id that a trusted proxy or a filter gave.

import { HeaderId } from '../http/header-names.ts';
import { traceContext } from '../telemetry/trace-context.ts';
import type { Exchange } from './exchange.ts';

/** Fields that are removed when both ids are the gateway's own. */
const ownIdFields = new Uint8Array(64);
for (const id of [HeaderId.traceparent, HeaderId.tracestate, HeaderId.xRequestId]) ownIdFields[id] = 1;

/** Removes the id fields from the head and returns header lines that replace them; empty when the exchange sends the ids made for it. */
export function foreignIds(exchange: Exchange): string {
  const { headers } = exchange.request;
  const received = headers.getUnrepeatedById(HeaderId.traceparent);
  if (received === undefined && exchange.hasOwnId) {
    headers.removeMasked(ownIdFields);
    return '';
  }
  const trace = traceContext(received);
  exchange.traceIdOverride = trace.traceId;
  headers.removeById(HeaderId.traceparent);
  if (!trace.keepTracestate) headers.removeById(HeaderId.tracestate);
  // Because: a request id that a stranger claims is not passed on, and every log on the way is to show the same id.
  const { requestId } = exchange;
  headers.removeById(HeaderId.xRequestId);
  return `X-Request-Id: ${requestId}\r\ntraceparent: ${trace.traceparent}\r\n`;
}
