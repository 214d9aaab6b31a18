// Reads the head of an HTTP/1 request (RFC 9112 sections 3 and 5) from a byte buffer, once and strictly. Reports what was
// received; how to respond is decided elsewhere. Longer than most files because it is one grammar.

import { latin1 } from '../../base/latin1.ts';
import { isAuthority } from '../authority.ts';
import { TargetByte, targetByte, tokenByte } from '../byte-classes.ts';
import { HeaderId } from '../header-names.ts';
import { FIELD_STRIDE, Headers } from '../headers.ts';
import { knownMethods } from '../methods.ts';
import { RequestHead, type TargetForm, UNKNOWN_LENGTH } from '../request-head.ts';
import {
  ConnectionOption,
  FieldScan,
  type HeadLimits,
  isPersistent,
  NO_LENGTH,
  scanFieldLines,
} from './field-lines.ts';
import { removeHopByHop } from './hop-by-hop.ts';
import { INCOMPLETE, Refusal } from './parse-outcome.ts';

const scan = new FieldScan();
let parsed: RequestHead | null = null;

/** The head that the last successful `parseRequestHead` read. Call it once after each success. */
export function takeRequestHead(): RequestHead {
  const head = parsed!;
  parsed = null;
  return head;
}

/**
 * Reads one head from `bytes[start, end)`. Returns the number of bytes it consumed (the body begins after them),
 * INCOMPLETE when more bytes are needed, or a negative `Refusal`. One empty line in front is skipped (RFC 9112 section 2.2).
 * Keeps no state between calls: an incomplete head is read again from its start.
 */
export function parseRequestHead(bytes: Buffer, start: number, end: number, limits: HeadLimits): number {
  let at = start;
  while (at < end && bytes[at] === 0x0d) {
    if (at + 1 === end) return INCOMPLETE;
    if (bytes[at + 1] !== 0x0a) return Refusal.lineEnding;
    at += 2;
    if (at - start > 2) return Refusal.requestLine;
  }
  const base = at;
  const lineBytesMax = base + limits.requestLineBytesMax;

  while (at < end && tokenByte[bytes[at]!] === 1) at++;
  if (at === end) return at > lineBytesMax ? Refusal.uriTooLong : INCOMPLETE;
  const methodEnd = at;
  if (bytes[at] !== 0x20 || at === base) {
    if (bytes[at] === 0x0d && at + 1 === end) return INCOMPLETE;
    return isBareLineEnding(bytes, at) ? Refusal.lineEnding : Refusal.requestLine;
  }
  at++;

  // Reads the path, and notes whether anything in it needs normalisation.
  const targetStart = at;
  let needsCare = false;
  let previous = 0;
  let kind: number = TargetByte.illegal;
  while (at < end) {
    kind = targetByte[bytes[at]!]!;
    if (kind !== TargetByte.plain) {
      if (kind === TargetByte.illegal || kind === TargetByte.question) break;
      if (kind >= TargetByte.percent || previous === TargetByte.slash) needsCare = true;
    }
    previous = kind;
    at++;
  }
  const pathEnd = at;
  let queryStart = -1;
  if (at < end && kind === TargetByte.question) {
    queryStart = ++at;
    while (at < end && targetByte[bytes[at]!] !== TargetByte.illegal) at++;
  }
  const targetEnd = at;
  if (at > lineBytesMax) return Refusal.uriTooLong;
  if (at === end) return INCOMPLETE;
  if (bytes[at] !== 0x20) {
    if (bytes[at] === 0x0d && at + 1 === end) return INCOMPLETE;
    return isBareLineEnding(bytes, at) ? Refusal.lineEnding : refusedTarget(bytes, at, targetStart);
  }
  if (targetEnd === targetStart) return Refusal.requestLine;
  at++;

  // Reads `HTTP/1.x` and CRLF.
  if (at + 8 > end) return isVersionPrefix(bytes, at, end) ? INCOMPLETE : Refusal.requestLine;
  const minorVersion = parseVersion(bytes, at);
  if (minorVersion < 0) return minorVersion;
  at += 8;
  if (at === end) return INCOMPLETE;
  if (bytes[at] !== 0x0d) return bytes[at] === 0x0a ? Refusal.lineEnding : Refusal.requestLine;
  if (at + 1 === end) return INCOMPLETE;
  if (bytes[at + 1] !== 0x0a) return Refusal.lineEnding;
  if (at > lineBytesMax) return Refusal.uriTooLong;
  at += 2;

  scan.reset();
  const headEnd = scanFieldLines(bytes, base, at, end, limits, scan);
  if (headEnd <= 0) return headEnd;
  const refusal = buildHead(
    bytes,
    base,
    headEnd,
    methodEnd,
    targetStart,
    pathEnd,
    queryStart,
    targetEnd,
    needsCare,
    minorVersion,
  );
  return refusal < 0 ? refusal : headEnd - start;
}

/** The minor version in `HTTP/1.x` at `at`: 0 or 1. `Refusal.version` for another version, `Refusal.requestLine` for anything else. */
function parseVersion(bytes: Buffer, at: number): number {
  if (!isVersionPrefix(bytes, at, at + 8)) return Refusal.requestLine;
  if (bytes[at + 5] !== 0x31) return Refusal.version;
  const minor = bytes[at + 7]! - 0x30;
  return minor <= 1 ? minor : Refusal.version;
}

const versionShape = 'HTTP/d.d\r\n';

/** Whether `bytes[at, end)` is a prefix of some `HTTP/` DIGIT `.` DIGIT CRLF (RFC 9112 section 2.3). */
function isVersionPrefix(bytes: Buffer, at: number, end: number): boolean {
  for (let i = 0; at + i < end; i++) {
    const byte = bytes[at + i]!;
    const expected = versionShape.charCodeAt(i);
    if (expected === 0x64 ? byte < 0x30 || byte > 0x39 : byte !== expected) return false;
  }
  return true;
}

function isBareLineEnding(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0x0a || (bytes[at] === 0x0d && bytes[at + 1] !== 0x0a);
}

/** A line that ends after the target is an HTTP/0.9 request line. Any other illegal byte is an error in the target. */
function refusedTarget(bytes: Buffer, at: number, targetStart: number): number {
  return bytes[at] === 0x0d || at === targetStart ? Refusal.requestLine : Refusal.target;
}

/** Checks the rules that need the whole head, then builds the `RequestHead`. Returns a `Refusal`, or 1. */
function buildHead(
  bytes: Buffer,
  base: number,
  headEnd: number,
  methodEnd: number,
  targetStart: number,
  pathEnd: number,
  queryStart: number,
  targetEnd: number,
  needsCare: boolean,
  minorVersion: number,
): number {
  // Framing is checked first (RFC 9112 section 6.3): a message whose end is in doubt is refused, whatever else it contains.
  const { contentLength, connection } = scan;
  const chunked = scan.transferEncodings !== 0;
  if (chunked) {
    if (contentLength !== NO_LENGTH) return Refusal.conflictingLength;
    if (scan.transferEncodings > 1 || !scan.chunked || minorVersion === 0) return Refusal.transferCoding;
  }
  if (scan.hosts > 1 || (scan.hosts === 0 && minorVersion === 1)) return Refusal.host;
  if (scan.expect === 2) return Refusal.expectation;
  if (scan.disguised) return Refusal.header;

  const raw = latin1(bytes, base, headEnd);
  const method = methodOf(raw, bytes[base]!, methodEnd - base);
  if (method !== 'GET' && method !== 'POST' && !knownMethods.has(method)) return Refusal.method;

  let authority = scan.hosts === 1 ? authorityOf(bytes, scan.hostStart, scan.hostEnd) : '';
  if (authority === null) return Refusal.host;
  let rawPath: string;
  let targetForm: TargetForm = 'origin';
  const first = bytes[targetStart];
  if (first === 0x2f) {
    rawPath = raw.slice(targetStart - base, pathEnd - base);
    if (authority === '' && minorVersion === 1) return Refusal.host;
  } else if (first === 0x2a && targetEnd === targetStart + 1) {
    if (method !== 'OPTIONS') return Refusal.target;
    rawPath = '*';
    targetForm = 'asterisk';
  } else {
    targetForm = 'absolute';
    const target = splitAbsolute(raw.slice(targetStart - base, pathEnd - base));
    if (target === null) return Refusal.target;
    // RFC 9112 section 3.2.2 prefers the target's host; a message with two different hosts is refused here instead.
    if (scan.hosts === 1 && authority.toLowerCase() !== target.authority.toLowerCase()) return Refusal.host;
    authority = target.authority;
    rawPath = target.path;
    needsCare = true;
  }

  const upgrading = scan.upgrade && (connection & ConnectionOption.upgrade) !== 0 && minorVersion === 1;
  const index = scan.index.slice(0, scan.count * FIELD_STRIDE);
  const headers = new Headers(raw, bytes, base, index, headEnd - 2 - base);
  const upgrade = upgrading ? upgradeOf(headers) : '';
  if (scan.hopByHop) removeHopByHop(headers, connection);
  parsed = new RequestHead(
    method,
    targetForm,
    rawPath,
    needsCare,
    queryStart === -1 ? '' : raw.slice(queryStart - base, targetEnd - base),
    queryStart !== -1,
    authority,
    minorVersion === 1 ? '1.1' : '1.0',
    headers,
    chunked ? UNKNOWN_LENGTH : contentLength === NO_LENGTH ? 0 : contentLength,
    chunked,
    isPersistent(minorVersion, connection),
    scan.expect === 1 && minorVersion === 1,
    upgrade,
    headEnd - base,
  );
  return 1;
}

/** The method: a shared string for the common ones, otherwise a slice of the head. */
function methodOf(raw: string, first: number, length: number): string {
  switch (length) {
    case 3:
      if (first === 0x47 && raw.startsWith('GET')) return 'GET';
      if (first === 0x50 && raw.startsWith('PUT')) return 'PUT';
      break;
    case 4:
      if (first === 0x50 && raw.startsWith('POST')) return 'POST';
      if (first === 0x48 && raw.startsWith('HEAD')) return 'HEAD';
      break;
    case 5:
      if (raw.startsWith('PATCH')) return 'PATCH';
      break;
    case 6:
      if (raw.startsWith('DELETE')) return 'DELETE';
      break;
    case 7:
      if (raw.startsWith('OPTIONS')) return 'OPTIONS';
      break;
  }
  return raw.slice(0, length);
}

const protocolForm = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:\/[!#$%&'*+.^_`|~0-9A-Za-z-]+)?$/;

/**
 * The protocol that Upgrade asks for; empty when it asks for several or for HTTP/2. Such a request is served without a switch,
 * as RFC 9110 section 7.8 allows: HTTP/2 in a tunnel would carry requests past the router.
 */
function upgradeOf(headers: Headers): string {
  const asked = headers.getUnrepeatedById(HeaderId.upgrade);
  return asked === undefined || !protocolForm.test(asked) || /^h2c?(?:\/|$)/i.test(asked) ? '' : asked;
}

let lastAuthority = '';

/**
 * The value of a Host field as text; null when it is not a host. Nearly all requests on a thread have the same host as the
 * request before. They get the same string object, so that later comparisons compare pointers only.
 */
function authorityOf(bytes: Buffer, start: number, end: number): string | null {
  const { length } = lastAuthority;
  if (end - start === length) {
    let i = 0;
    while (i < length && bytes[start + i] === lastAuthority.charCodeAt(i)) i++;
    if (i === length) return lastAuthority;
  }
  const text = latin1(bytes, start, end);
  if (text === '') return text;
  if (!isAuthority(text)) return null;
  lastAuthority = text;
  return text;
}

/** Splits `http://host:port/path`; null when `target` is not of this form. User information is refused (RFC 9110 section 4.2.4). */
function splitAbsolute(target: string): { authority: string; path: string } | null {
  const match = /^https?:\/\/([^/]*)(.*)$/i.exec(target);
  if (match === null || !isAuthority(match[1]!)) return null;
  return { authority: match[1]!, path: match[2] === '' ? '/' : match[2]! };
}
