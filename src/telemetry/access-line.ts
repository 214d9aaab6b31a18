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

// What follows `"requestId":"` in a line whose strings from outside need no escape. It cannot match anything else: a
// quote inside one of them would end the character class, and so one test covers five strings.
const plainTail =
  /[ !#-[\]-~]*","method":"[ !#-[\]-~]*","host":"[ !#-[\]-~]*","path":"[ !#-[\]-~]*","userAgent":"[ !#-[\]-~]*"}/y;

/** One JSON object, ASCII only, without a line end. Allocates the string and nothing else. */
export function accessLine(fields: AccessFields): string {
  const head = `{"time":"${isoTime(fields.timeMs)}"${fields.clientPart}${outcomePart(fields)}${fields.bytesIn},"bytesOut":${fields.bytesOut},"durationMs":${millisText(fields.durationMs)},"upstreamMs":${millisText(fields.upstreamMs)},"overheadMs":${millisText(fields.overheadMs)},"traceId":"${fields.traceId}","requestId":`;
  const line = `${head}"${fields.requestId}","method":"${fields.method}","host":"${fields.host}","path":"${fields.path}","userAgent":"${fields.userAgent}"}`;
  plainTail.lastIndex = head.length + 1;
  // Because: the match must also be the whole rest; sticky fixes its start, its end is compared.
  if (plainTail.test(line) && plainTail.lastIndex === line.length) return line;
  return `${head}${jsonString(fields.requestId)},"method":${jsonString(fields.method)},"host":${jsonString(fields.host)},"path":${jsonString(fields.path)},"userAgent":${jsonString(fields.userAgent)}}`;
}

// The part that hardly differs from one line to the next is remembered: most traffic is 200s of a few routes.
let lastRoute = '';
let lastEndpoint = '';
let lastStatus = -1;
let lastAttempts = -1;
let lastConsumer: string | null = null;
let lastCode: string | null = null;
let lastProtocol = '';
let lastOutcome = '';

function outcomePart(fields: AccessFields): string {
  const { routePart: route, endpointPart: endpoint, status, attempts, consumer, code, protocol } = fields;
  if (
    route === lastRoute &&
    endpoint === lastEndpoint &&
    status === lastStatus &&
    attempts === lastAttempts &&
    consumer === lastConsumer &&
    code === lastCode &&
    protocol === lastProtocol
  ) {
    return lastOutcome;
  }
  lastRoute = route;
  lastEndpoint = endpoint;
  lastStatus = status;
  lastAttempts = attempts;
  lastConsumer = consumer;
  lastCode = code;
  lastProtocol = protocol;
  const consumerJson = consumer === null ? 'null' : jsonString(consumer);
  const codeJson = code === null ? 'null' : `"${code}"`;
  lastOutcome = `${route}${endpoint},"status":${status},"attempts":${attempts},"consumer":${consumerJson},"code":${codeJson},"protocol":"${protocol}","bytesIn":`;
  return lastOutcome;
}
