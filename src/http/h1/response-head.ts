// Reads the head of an HTTP/1 response (RFC 9112 section 4) as strictly as that of a request, and determines how its body ends.

import { valueByte } from '../byte-classes.ts';
import { HeaderId } from '../header-names.ts';
import { FIELD_STRIDE, Headers } from '../headers.ts';
import { isBodiless } from '../status.ts';
import {
  ConnectionOption,
  FieldScan,
  type HeadLimits,
  isPersistent,
  NO_KEEP_ALIVE,
  NO_LENGTH,
  scanFieldLines,
} from './field-lines.ts';
import { removeHopByHop } from './hop-by-hop.ts';
import { INCOMPLETE, Refusal } from './parse-outcome.ts';

/** How the end of a body is found; `none` for a message without a body. */
export const BodyFraming = { none: 0, length: 1, chunked: 2, untilClose: 3 } as const;

/** The head of a response, from any HTTP version. */
export class ResponseHead {
  readonly status: number;
  /** Whether the head begins with a status line that HTTP/1.1 may send as it is: of this version, with a space after the status. */
  readonly validStatusLine: boolean;
  /** The header fields, without the hop-by-hop fields of this connection. */
  readonly headers: Headers;
  /** One of `BodyFraming`. Depends on the request's method and the status as well (RFC 9112 section 6.3). */
  readonly framing: number;
  /** Announced length in bytes, even when no body follows (HEAD, 304); -1 when none was announced. */
  readonly contentLength: number;
  /** Whether the connection may serve another request afterwards. */
  readonly keepAlive: boolean;
  /** Value of Upgrade in a 101 response; empty in any other. */
  readonly upgrade: string;
  /** Seconds for which the endpoint promises to keep the idle connection; NO_KEEP_ALIVE when it promises nothing. */
  readonly keepAliveSeconds: number;

  constructor(
    status: number,
    validStatusLine: boolean,
    headers: Headers,
    framing: number,
    contentLength: number,
    keepAlive: boolean,
    upgrade: string,
    keepAliveSeconds: number = NO_KEEP_ALIVE,
  ) {
    this.status = status;
    this.validStatusLine = validStatusLine;
    this.headers = headers;
    this.framing = framing;
    this.contentLength = contentLength;
    this.keepAlive = keepAlive;
    this.upgrade = upgrade;
    this.keepAliveSeconds = keepAliveSeconds;
  }
}

const scan = new FieldScan();
let parsed: ResponseHead | null = null;

/** The head that the last successful `parseResponseHead` read. Call it once after each success. */
export function takeResponseHead(): ResponseHead {
  const head = parsed!;
  parsed = null;
  return head;
}

/**
 * Reads one head from `bytes[start, end)`; see `parseRequestHead` for the return value. `toHead` says that the request's
 * method was HEAD: its response has no body, whatever the fields say.
 */
export function parseResponseHead(
  bytes: Buffer,
  start: number,
  end: number,
  toHead: boolean,
  limits: HeadLimits,
): number {
  // `HTTP/1.x SP 3DIGIT SP [reason] CRLF`
  const prefix = 'HTTP/1.';
  for (let i = 0; i < prefix.length; i++) {
    if (start + i >= end) return INCOMPLETE;
    if (bytes[start + i] !== prefix.charCodeAt(i)) return Refusal.statusLine;
  }
  let at = start + 7;
  if (at + 6 > end) return INCOMPLETE;
  const minorVersion = bytes[at]! - 0x30;
  if ((minorVersion !== 0 && minorVersion !== 1) || bytes[at + 1] !== 0x20) return Refusal.statusLine;
  const hundreds = bytes[at + 2]! - 0x30;
  const tens = bytes[at + 3]! - 0x30;
  const ones = bytes[at + 4]! - 0x30;
  if (hundreds < 1 || hundreds > 5 || tens < 0 || tens > 9 || ones < 0 || ones > 9) return Refusal.statusLine;
  const status = hundreds * 100 + tens * 10 + ones;
  at += 5;
  // The space after the status is required even without a reason, but well-known servers omit it together with the reason.
  const spaced = bytes[at] === 0x20;
  if (spaced) at++;
  else if (bytes[at] !== 0x0d) return bytes[at] === 0x0a ? Refusal.lineEnding : Refusal.statusLine;
  while (at < end && valueByte[bytes[at]!] === 1) at++;
  if (at - start > limits.requestLineBytesMax) return Refusal.headerTooLarge;
  if (at === end) return INCOMPLETE;
  if (bytes[at] !== 0x0d) return bytes[at] === 0x0a ? Refusal.lineEnding : Refusal.statusLine;
  if (at + 1 === end) return INCOMPLETE;
  if (bytes[at + 1] !== 0x0a) return Refusal.lineEnding;

  scan.reset();
  const headEnd = scanFieldLines(bytes, start, at + 2, end, limits, scan);
  if (headEnd <= 0) return headEnd;
  return buildHead(bytes, start, headEnd, status, minorVersion, spaced, toHead);
}

function buildHead(
  bytes: Buffer,
  start: number,
  headEnd: number,
  status: number,
  minorVersion: number,
  spaced: boolean,
  toHead: boolean,
): number {
  const { contentLength, connection } = scan;
  const encoded = scan.transferEncodings !== 0;
  if (encoded) {
    if (contentLength !== NO_LENGTH) return Refusal.conflictingLength;
    if (scan.transferEncodings > 1 || !scan.chunked || minorVersion === 0) return Refusal.transferCoding;
    // RFC 9112 section 6.1: neither 1xx nor 204 may have Transfer-Encoding; two recipients could read the bytes after it differently.
    if (status < 200 || status === 204) return Refusal.transferCoding;
  }
  if (contentLength > 0 && status === 204) return Refusal.contentLength;
  // A length of 0 in an interim response is forbidden (RFC 9110 section 8.6) but common, so only a positive length is refused.
  if (contentLength > 0 && status < 200) return Refusal.contentLength;
  // An interim response that ends its connection contradicts itself: some recipients read the response after it, others do not.
  if (status < 200 && status !== 101 && (minorVersion === 0 || (connection & ConnectionOption.close) !== 0)) {
    return Refusal.statusLine;
  }

  let framing: number = BodyFraming.untilClose;
  if (toHead || isBodiless(status)) framing = BodyFraming.none;
  else if (encoded) framing = BodyFraming.chunked;
  else if (contentLength !== NO_LENGTH) framing = contentLength === 0 ? BodyFraming.none : BodyFraming.length;

  const headers = new Headers('', bytes, start, scan.index.slice(0, scan.count * FIELD_STRIDE), headEnd - 2 - start);
  const upgrade = status === 101 && scan.upgrade ? headers.getById(HeaderId.upgrade)! : '';
  if (scan.hopByHop) removeHopByHop(headers, connection);
  if (contentLength === 0 && status < 200) headers.removeById(HeaderId.contentLength);
  parsed = new ResponseHead(
    status,
    spaced && minorVersion === 1,
    headers,
    framing,
    contentLength,
    isPersistent(minorVersion, connection) && framing !== BodyFraming.untilClose,
    upgrade,
    scan.keepAliveSeconds,
  );
  return headEnd - start;
}
