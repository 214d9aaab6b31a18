// W3C Trace Context (levels 1 and 2): reads `traceparent`, continues a trace or begins one. Records no spans.

import { randomHex } from '../base/random-hex.ts';

/** The content of a valid `traceparent`. Ids are lower-case hex; `flags` one byte. */
export interface Traceparent {
  readonly traceId: string;
  readonly parentId: string;
  readonly flags: number;
}

/** The gateway's place in a trace. */
export interface TraceContext {
  /** 32 hex digits; the caller's, or new. */
  readonly traceId: string;
  /** 16 hex digits: the gateway's own span, parent of what the upstream does. */
  readonly spanId: string;
  /** Span of the caller; empty when the trace begins here. */
  readonly parentId: string;
  /** Value of the outgoing `traceparent`. */
  readonly traceparent: string;
  /** Whether the caller's `tracestate` may be passed on: only beside a valid `traceparent` (section 3.3.1.2 of the recommendation). */
  readonly keepTracestate: boolean;
}

const VERSION_0_LENGTH = 55;
const FLAG_SAMPLED = 0x01;
const FLAG_RANDOM_TRACE_ID = 0x02;
const KNOWN_FLAGS = FLAG_SAMPLED | FLAG_RANDOM_TRACE_ID;

const DASH = 0x2d;
// When the dashes are at their places and nowhere else, the rest are digits; a character class in a loop is several times faster than
// counted groups.
const otherThanHexAndDash = /[^0-9a-f-]/;
const NO_TRACE = '0'.repeat(32);
const NO_PARENT = '0'.repeat(16);

/**
 * Reads a `traceparent` strictly: lower-case hex only, no id of zeros, version `ff` refused, nothing after the fields of version `00`.
 * A higher version is read by its first four parts, as the recommendation demands. Null when it is not valid.
 */
export function parseTraceparent(value: string): Traceparent | null {
  if (!hasShape(value)) return null;
  if (value.startsWith('ff')) return null;
  const traceId = value.slice(3, 35);
  const parentId = value.slice(36, 52);
  if (traceId === NO_TRACE || parentId === NO_PARENT) return null;
  return { traceId, parentId, flags: Number.parseInt(value.slice(53, 55), 16) };
}

function hasShape(value: string): boolean {
  if (value.length !== VERSION_0_LENGTH) {
    // What a later version adds after the four parts follows a dash.
    if (value.length < VERSION_0_LENGTH || value.startsWith('00') || value.charCodeAt(VERSION_0_LENGTH) !== DASH)
      return false;
    value = value.slice(0, VERSION_0_LENGTH);
  }
  return (
    value.indexOf('-') === 2 &&
    value.indexOf('-', 3) === 35 &&
    value.indexOf('-', 36) === 52 &&
    value.indexOf('-', 53) === -1 &&
    !otherThanHexAndDash.test(value)
  );
}

/**
 * The gateway's context for a request with this `traceparent` (undefined when it has none, or several). A new trace is marked as sampled
 * unless `sampleNew` is false: without the mark, services that follow their parent's decision would record nothing at all behind the
 * gateway.
 */
export function traceContext(received: string | undefined, sampleNew = true): TraceContext {
  const parent = received === undefined ? null : parseTraceparent(received);
  const spanId = randomHex(16);
  if (parent === null) {
    const traceId = randomHex(32);
    const traceparent = `00-${traceId}-${spanId}-${sampleNew ? '03' : '02'}`;
    return { traceId, spanId, parentId: '', traceparent, keepTracestate: false };
  }
  const { traceId, parentId } = parent;
  // Flags that this version does not know must go out as zero; the random flag belongs to the trace, so it stays.
  const traceparent = `00-${traceId}-${spanId}-0${parent.flags & KNOWN_FLAGS}`;
  return { traceId, spanId, parentId, traceparent, keepTracestate: true };
}
