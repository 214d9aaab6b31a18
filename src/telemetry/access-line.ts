// One exchange as one line of JSON for the access log. Builds text only; where it goes is access-log.ts.

import { isoTime } from './iso-time.ts';
import { jsonString } from './json-text.ts';
import { millisText } from './thousandths.ts';

/**
 * What a line says. One record a worker, filled anew for every line: `Client`, route and endpoint bring their part
 * as JSON text made once. Strings of bytes (latin1); those that are not marked as plain are escaped here.
 */
export interface AccessFields {
  /** When the request began, milliseconds since 1970. */
  timeMs: number;
  requestId: string;
  /** Plain hex; empty without a trace. */
  traceId: string;
  /** From `clientPart`. */
  clientPart: string;
  /** From `routePart`. */
  routePart: string;
  /** From `endpointPart`. */
  endpointPart: string;
  method: string;
  host: string;
  /** Without the query: tokens travel there. */
  path: string;
  status: number;
  bytesIn: number;
  bytesOut: number;
  durationMs: number;
  upstreamMs: number;
  overheadMs: number;
  attempts: number;
  consumer: string | null;
  /** A fault code, plain. */
  code: string | null;
  userAgent: string;
  /** `HTTP/1.1`, plain. */
  protocol: string;
}

/** A record to fill. */
export function emptyAccessFields(): AccessFields {
  return {
    timeMs: 0,
    requestId: '',
    traceId: '',
    clientPart: clientPart(''),
    routePart: routePart(null),
    endpointPart: endpointPart(null, null),
    method: '',
    host: '',
    path: '',
    status: 0,
    bytesIn: 0,
    bytesOut: 0,
    // Because: a field that first held a small integer would be re-shaped by the first fraction.
    durationMs: 0.5,
    upstreamMs: 0.5,
    overheadMs: 0.5,
    attempts: 0,
    consumer: null,
    code: null,
    userAgent: '',
    protocol: '',
  };
}

/** The client's part of a line; made once a connection. */
export function clientPart(ip: string): string {
  return `,"client":${jsonString(ip)}`;
}

/** The route's part of a line; made once when it is compiled. Null where none was found. */
export function routePart(name: string | null): string {
  return `,"route":${name === null ? 'null' : jsonString(name)}`;
}

/** The part of upstream and endpoint; made once an endpoint. Null for an answer of the gateway's own. */
export function endpointPart(upstream: string | null, url: string | null): string {
  return `,"upstream":${upstream === null ? 'null' : jsonString(upstream)},"endpoint":${url === null ? 'null' : jsonString(url)}`;
}

/** One JSON object, ASCII only, without a line end. */
export function accessLine(fields: AccessFields): string {
  const { consumer, code } = fields;
  return `{"time":"${isoTime(fields.timeMs)}"${fields.clientPart}${fields.routePart}${fields.endpointPart},"status":${fields.status},"bytesIn":${fields.bytesIn},"bytesOut":${fields.bytesOut},"durationMs":${millisText(fields.durationMs)},"upstreamMs":${millisText(fields.upstreamMs)},"overheadMs":${millisText(fields.overheadMs)},"attempts":${fields.attempts},"consumer":${consumer === null ? 'null' : jsonString(consumer)},"code":${code === null ? 'null' : `"${code}"`},"traceId":"${fields.traceId}","requestId":${jsonString(fields.requestId)},"method":${jsonString(fields.method)},"host":${jsonString(fields.host)},"path":${jsonString(fields.path)},"userAgent":${jsonString(fields.userAgent)},"protocol":"${fields.protocol}"}`;
}
