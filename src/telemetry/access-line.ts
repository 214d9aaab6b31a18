// One exchange as one line of JSON for the access log. Builds text only; where it goes is access-log.ts.

import { CachedView, copyWords, FixedText, hasNoByte, isPrintable } from '../base/four-bytes.ts';
import { flatText, latin1, writeLatin1 } from '../base/latin1.ts';
import { ID_DIGITS, type IdBatch, REQUEST_ID_AT, TRACE_ID_AT } from './id-blocks.ts';
import { isoTime } from './iso-time.ts';
import { jsonString } from './json-text.ts';
import { OutcomeText } from './outcome-text.ts';

/**
 * The content of a line; one fresh record per line. Client, route and endpoint bring their parts as JSON text made once. The strings hold
 * bytes (latin1); those that are not marked as plain are escaped here.
 */
export interface AccessFields {
  /** When the request began, milliseconds since 1970. */
  timeMs: number;
  /** The batch with the block of ids at `idsAt` (see id-blocks.ts) when both ids were made here; null when they are in the two strings. */
  ids: IdBatch | null;
  idsAt: number;
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
  /** Without the query, which may contain tokens. */
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
  /** Members of the JSON object that only some configurations ask for, each with a comma in front; empty for none. */
  extraPart: string;
}

/** A record without content, to be filled. */
export function emptyAccessFields(): AccessFields {
  return {
    timeMs: 0,
    ids: null,
    idsAt: 0,
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
    // Because: an object whose field first held a small integer would be re-shaped by the first fraction.
    durationMs: 0.5,
    upstreamMs: 0.5,
    overheadMs: 0.5,
    attempts: 0,
    consumer: null,
    code: null,
    userAgent: '',
    protocol: '',
    extraPart: '',
  };
}

/** The client's part of a line; made once per connection. */
export function clientPart(ip: string): string {
  return flatText(`,"client":${jsonString(ip)}`);
}

/** The route's part of a line; made once per route. Null when no route was found. */
export function routePart(name: string | null): string {
  return flatText(`,"route":${name === null ? 'null' : jsonString(name)}`);
}

/** The part of upstream and endpoint; made once per endpoint. Null for a response of the gateway itself. */
export function endpointPart(upstream: string | null, url: string | null): string {
  const upstreamJson = upstream === null ? 'null' : jsonString(upstream);
  return flatText(`,"upstream":${upstreamJson},"endpoint":${url === null ? 'null' : jsonString(url)}`);
}

/** What a line takes besides its parts and the strings from outside: the constant text, the ids, and numbers at their longest. */
const FIXED_BYTES_MAX = 640;
/** The most that one byte takes when it is escaped: `\u00ff`. */
const ESCAPED_BYTES_MAX = 6;

/** Upper bound of the bytes that `writeAccessLine` writes for these fields. */
export function accessLineBytesMax(fields: AccessFields): number {
  const { requestId, host, path, userAgent, method, consumer } = fields;
  const foreign =
    requestId.length + host.length + path.length + userAgent.length + method.length + (consumer?.length ?? 0);
  const own = fields.clientPart.length + fields.routePart.length + fields.endpointPart.length + fields.extraPart.length;
  return FIXED_BYTES_MAX + own + foreign * ESCAPED_BYTES_MAX;
}

/** One JSON object as a string, ASCII only, without a line end. For tests and tools; workers use `writeAccessLine`. */
export function accessLine(fields: AccessFields): string {
  const bytes = Buffer.allocUnsafe(accessLineBytesMax(fields));
  return latin1(bytes, 0, writeAccessLine(bytes, 0, fields));
}

const bytesOutLabel = new FixedText(',"bytesOut":');
const durationLabel = new FixedText(',"durationMs":');
const upstreamLabel = new FixedText(',"upstreamMs":');
const overheadLabel = new FixedText(',"overheadMs":');
const traceLabel = new FixedText(',"traceId":"');
const requestLabel = new FixedText('","requestId":');
const agentLabel = new FixedText(',"userAgent":');

/** The view over the log's buffer: lines follow one another in one buffer until it is full. */
const logBuffers = new CachedView();

/**
 * Writes the line at `at` and returns its end. It goes straight into the log's buffer, piece by piece: putting the text together first and
 * writing it then cost twice as much. There must be room for `accessLineBytesMax`.
 */
export function writeAccessLine(bytes: Buffer, at: number, fields: AccessFields): number {
  const view = logBuffers.of(bytes);
  at += writeLatin1(bytes, timePart(fields.timeMs), at);
  at += writeLatin1(bytes, fields.clientPart, at);
  at += writeLatin1(bytes, fields.routePart, at);
  at += writeLatin1(bytes, fields.endpointPart, at);
  at = writeOutcome(bytes, at, fields);
  at = writeInteger(bytes, at, fields.bytesIn);
  at = writeInteger(bytes, bytesOutLabel.writeTo(view, at), fields.bytesOut);
  at = writeMillis(bytes, durationLabel.writeTo(view, at), fields.durationMs);
  at = writeMillis(bytes, upstreamLabel.writeTo(view, at), fields.upstreamMs);
  at = writeMillis(bytes, overheadLabel.writeTo(view, at), fields.overheadMs);
  at = writeIds(bytes, view, traceLabel.writeTo(view, at), fields);
  at += writeLatin1(bytes, targetPart(fields.method, fields.host), at);
  at = writeText(bytes, view, at, fields.path);
  at = writeText(bytes, view, agentLabel.writeTo(view, at), fields.userAgent);
  if (fields.extraPart !== '') at += writeLatin1(bytes, fields.extraPart, at);
  bytes[at] = 0x7d;
  return at + 1;
}

let lastTime = '';
let lastTimePart = '';

function timePart(timeMs: number): string {
  const time = isoTime(timeMs);
  if (time !== lastTime) {
    lastTime = time;
    lastTimePart = flatText(`{"time":"${time}"`);
  }
  return lastTimePart;
}

/** Writes from the status to where the numbers begin. */
function writeOutcome(bytes: Buffer, at: number, { status, attempts, consumer, code, protocol }: AccessFields): number {
  const outcome = OutcomeText.of(status, attempts, code, protocol);
  if (consumer === null) return at + writeLatin1(bytes, outcome.withoutConsumer, at);
  at += writeLatin1(bytes, outcome.beforeConsumer, at);
  at += writeLatin1(bytes, jsonString(consumer), at);
  return at + writeLatin1(bytes, outcome.behindConsumer, at);
}

/** Writes from the trace id to the end of the request id. */
function writeIds(bytes: Buffer, view: DataView, at: number, fields: AccessFields): number {
  const { ids, idsAt } = fields;
  if (ids === null) {
    at += writeLatin1(bytes, fields.traceId, at);
    return writeText(bytes, view, requestLabel.writeTo(view, at), fields.requestId);
  }
  copyWords(ids.view, idsAt + TRACE_ID_AT, view, at, ID_DIGITS);
  at = requestLabel.writeTo(view, at + ID_DIGITS);
  bytes[at] = 0x22;
  copyWords(ids.view, idsAt + REQUEST_ID_AT, view, at + 1, ID_DIGITS);
  bytes[at + 1 + ID_DIGITS] = 0x22;
  return at + ID_DIGITS + 2;
}

/** `"`, `\` and a space, four times each. */
const QUOTES = 0x22222222;
const BACKSLASHES = 0x5c5c5c5c;
const SPACES = 0x20202020;

/**
 * Writes a string literal. The text is written first and checked as bytes: reading a slice of a head letter by letter costs several times
 * as much. If anything needs an escape, the whole text is written again.
 */
function writeText(bytes: Buffer, view: DataView, at: number, text: string): number {
  bytes[at] = 0x22;
  const start = at + 1;
  const end = start + writeLatin1(bytes, text, start);
  // Spaces, which need no escape, fill up the last group of four.
  view.setInt32(end, SPACES);
  for (let i = start; i < end; i += 4) {
    const word = view.getInt32(i);
    if (!isPrintable(word) || !hasNoByte(word, QUOTES) || !hasNoByte(word, BACKSLASHES))
      return at + writeLatin1(bytes, jsonString(text), at);
  }
  bytes[end] = 0x22;
  return end + 1;
}

// The values for a message that is not a request, so that method and host are unknown: the first line may be for such a message.
let lastMethod = '';
let lastHost = '';
let lastTarget = ',"method":"","host":"","path":';

/** From the method to where the path begins. As with the time, method and host hardly differ from one line to the next. */
function targetPart(method: string, host: string): string {
  if (method !== lastMethod || host !== lastHost) {
    lastMethod = method;
    lastHost = host;
    lastTarget = flatText(`,"method":${jsonString(method)},"host":${jsonString(host)},"path":`);
  }
  return lastTarget;
}

/** Writes a whole number from 0 up to the largest that a double holds exactly. */
function writeInteger(bytes: Buffer, at: number, value: number): number {
  if (value > 0x7fffffff) return at + writeLatin1(bytes, String(value), at);
  let end = at + 1;
  for (let bound = 10; bound <= value; bound *= 10) end++;
  for (let i = end - 1; i >= at; i--) {
    const rest = (value / 10) | 0;
    bytes[i] = 0x30 + value - rest * 10;
    value = rest;
  }
  return end;
}

/** Half an hour: beyond it, microseconds exceed the integers that are quick to write. */
const QUICK_MS_MAX = 2_000_000;

/** Writes milliseconds with three decimal places; negative numbers and NaN are 0. */
function writeMillis(bytes: Buffer, at: number, ms: number): number {
  if (!(ms > 0)) {
    bytes[at] = 0x30;
    return at + 1;
  }
  if (ms >= QUICK_MS_MAX) return at + writeLatin1(bytes, Number.isFinite(ms) ? ms.toFixed(3) : '1e308', at);
  const micros = (ms * 1_000 + 0.5) | 0;
  const whole = (micros / 1_000) | 0;
  const rest = micros - whole * 1_000;
  at = writeInteger(bytes, at, whole);
  bytes[at] = 0x2e;
  bytes[at + 1] = 0x30 + ((rest / 100) | 0);
  bytes[at + 2] = 0x30 + (((rest / 10) | 0) % 10);
  bytes[at + 3] = 0x30 + (rest % 10);
  return at + 4;
}
