// Reads the field lines of a head or of trailers strictly (RFC 9112 section 5). Collects what framing needs; does not decide framing.

import { CachedView, isPrintable } from '../../base/four-bytes.ts';
import { tokenByte, valueByte } from '../byte-classes.ts';
import { DISGUISED, HeaderId, headerIdOfBytes } from '../header-names.ts';
import { FIELD_STRIDE } from '../headers.ts';
import { INCOMPLETE, Refusal } from './parse-outcome.ts';

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const HTAB = 0x09;
const COLON = 0x3a;

/** `FieldScan.contentLength` when there is no Content-Length. */
export const NO_LENGTH = -1;

/** `FieldScan.keepAliveSeconds` when no Keep-Alive field gives a timeout. */
export const NO_KEEP_ALIVE = -1;

/** Bits of `FieldScan.connection`: the options of Connection. `named` stands for any option that is the name of a field. */
export const ConnectionOption = { close: 1, keepAlive: 2, upgrade: 4, named: 8 } as const;

/** Whether the connection may carry another message (RFC 9112 section 9.3). `connection` holds `ConnectionOption` bits. */
export function isPersistent(minorVersion: number, connection: number): boolean {
  if ((connection & ConnectionOption.close) !== 0) return false;
  return minorVersion === 1 || (connection & ConnectionOption.keepAlive) !== 0;
}

/** The most fields that Connection may name: each costs a search through the head, and real messages name one or two. */
const CONNECTION_NAMES_MAX = 64;

/** How large a head may be. `headerBytesMax` counts the start line as well. */
export interface HeadLimits {
  readonly requestLineBytesMax: number;
  readonly headerBytesMax: number;
  readonly headerCountMax: number;
}

/** Upper bound for Keep-Alive timeouts: longer ones are as good as infinite. */
const KEEP_ALIVE_SECONDS_MAX = 1_000_000;

/** The view over the buffer that was scanned last. Nearly all heads are in the one buffer that a thread reads into. */
const heads = new CachedView();

/** What one pass over field lines found. Callers keep one object per thread; each pass overwrites it. */
export class FieldScan {
  /** `FIELD_STRIDE` numbers per field; offsets are relative to the `base` of `scanFieldLines`. */
  readonly index: number[] = new Array<number>(FIELD_STRIDE * 128).fill(0);
  /** Number of fields. */
  count = 0;
  /** Value of Content-Length in bytes, or NO_LENGTH. */
  contentLength = NO_LENGTH;
  /** Number of Transfer-Encoding fields. */
  transferEncodings = 0;
  /** Whether the last Transfer-Encoding field is exactly `chunked`. */
  chunked = false;
  /** `ConnectionOption` bits. */
  connection = 0;
  /** Number of fields that Connection names. */
  connectionNames = 0;
  /** The `timeout` of Keep-Alive in seconds, or NO_KEEP_ALIVE. */
  keepAliveSeconds = NO_KEEP_ALIVE;
  /** Number of Host fields; `hostStart` and `hostEnd` bound the last one's value, as offsets into the scanned bytes. */
  hosts = 0;
  hostStart = 0;
  hostEnd = 0;
  /** What Expect says: 0 for no field, 1 for `100-continue` once, 2 for anything else. */
  expect = 0;
  upgrade = false;
  /** Whether a well-known name is written with `_` in place of `-`; see DISGUISED. */
  disguised = false;
  /** Whether there are hop-by-hop fields, which must be removed before the head is sent on. */
  hopByHop = false;

  reset(): void {
    this.count = 0;
    this.contentLength = NO_LENGTH;
    this.transferEncodings = 0;
    this.chunked = false;
    this.connection = 0;
    this.connectionNames = 0;
    this.keepAliveSeconds = NO_KEEP_ALIVE;
    this.hosts = 0;
    this.expect = 0;
    this.upgrade = false;
    this.disguised = false;
    this.hopByHop = false;
  }
}

/**
 * Reads lines from `at` up to and including the empty line. Returns the offset after it, INCOMPLETE, or a `Refusal`.
 * Offsets in `scan.index` are relative to `base`, and size limits count from there; `end` is the end of the received bytes.
 */
export function scanFieldLines(
  bytes: Uint8Array,
  base: number,
  at: number,
  end: number,
  limits: HeadLimits,
  scan: FieldScan,
): number {
  const { index } = scan;
  const bytesEnd = base + limits.headerBytesMax;
  let cell = 0;
  const view = heads.of(bytes);
  const wordsEnd = end - 3;
  for (;;) {
    if (at >= end) break;
    const lineStart = at;
    let byte = bytes[at]!;
    if (byte === CR) {
      if (at + 1 >= end) break;
      if (bytes[at + 1] !== LF) return Refusal.lineEnding;
      if (at + 2 > bytesEnd) return Refusal.headerTooLarge;
      scan.count = cell / FIELD_STRIDE;
      return at + 2;
    }
    while (at < end && tokenByte[bytes[at]!] === 1) at++;
    if (at >= end) break;
    if (bytes[at] !== COLON || at === lineStart) return bytes[at] === LF ? Refusal.lineEnding : Refusal.header;
    const nameEnd = at++;
    while (at < end && ((byte = bytes[at]!) === SP || byte === HTAB)) at++;
    const valueStart = at;
    // Most bytes are printable: they are read four at a time, then one by one with comparisons. Only other bytes need the table.
    while (at < wordsEnd && isPrintable(view.getInt32(at))) at += 4;
    while (at < end && (((byte = bytes[at]!) >= SP && byte < 0x7f) || valueByte[byte] === 1)) at++;
    if (at + 1 >= end) {
      if (at < end && bytes[at] !== CR) return bytes[at] === LF ? Refusal.lineEnding : Refusal.header;
      break;
    }
    if (bytes[at] !== CR) return bytes[at] === LF ? Refusal.lineEnding : Refusal.header;
    if (bytes[at + 1] !== LF) return Refusal.lineEnding;
    let valueEnd = at;
    while (valueEnd > valueStart && ((byte = bytes[valueEnd - 1]!) === SP || byte === HTAB)) valueEnd--;
    at += 2;
    if (cell >= limits.headerCountMax * FIELD_STRIDE) return Refusal.headerTooLarge;
    let id = headerIdOfBytes(bytes, lineStart, nameEnd);
    if (id === DISGUISED) {
      scan.disguised = true;
      id = HeaderId.other;
    }
    index[cell] = id;
    index[cell + 1] = lineStart - base;
    index[cell + 2] = valueStart - base;
    index[cell + 3] = valueEnd - base;
    cell += FIELD_STRIDE;
    if (
      id !== HeaderId.other &&
      (id <= HeaderId.expect || (id >= HeaderId.http2Settings && id <= HeaderId.proxyAuthorization))
    ) {
      const refusal = noteField(bytes, id, valueStart, valueEnd, scan);
      if (refusal !== 0) return refusal;
    }
  }
  return end > bytesEnd ? Refusal.headerTooLarge : INCOMPLETE;
}

/** Notes a field that concerns framing, the host or the connection. Returns a `Refusal`, or 0. */
function noteField(bytes: Uint8Array, id: number, start: number, end: number, scan: FieldScan): number {
  switch (id) {
    case HeaderId.host:
      scan.hosts++;
      scan.hostStart = start;
      scan.hostEnd = end;
      return 0;
    case HeaderId.contentLength:
      return noteContentLength(bytes, start, end, scan);
    case HeaderId.transferEncoding:
      scan.transferEncodings++;
      // Some parsers (llhttp) count a tab after the coding as part of it, and then do not read chunks at all.
      scan.chunked = equalsIgnoringCase(bytes, start, end, 'chunked') && !tabBefore(bytes, end);
      scan.hopByHop = true;
      return 0;
    case HeaderId.connection:
      scan.hopByHop = true;
      return noteConnection(bytes, start, end, scan);
    case HeaderId.keepAlive:
      scan.keepAliveSeconds = keepAliveSeconds(bytes, start, end);
      scan.hopByHop = true;
      return 0;
    case HeaderId.upgrade:
      scan.upgrade = true;
      scan.hopByHop = true;
      return 0;
    case HeaderId.expect:
      scan.expect = scan.expect === 0 && equalsIgnoringCase(bytes, start, end, '100-continue') ? 1 : 2;
      return 0;
    default:
      scan.hopByHop = true;
      return 0;
  }
}

/**
 * Accepts one Content-Length field with one plain decimal number (RFC 9110 section 8.6). Lists and repeated fields are refused
 * even when their numbers agree. So are leading zeros, which the grammar allows: some parsers read such a number as octal.
 */
function noteContentLength(bytes: Uint8Array, start: number, end: number, scan: FieldScan): number {
  if (start === end || scan.contentLength !== NO_LENGTH) return Refusal.contentLength;
  if (bytes[start] === 0x30 && end - start > 1) return Refusal.contentLength;
  let length = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return Refusal.contentLength;
    length = length * 10 + digit;
    if (length > Number.MAX_SAFE_INTEGER) return Refusal.contentLength;
  }
  scan.contentLength = length;
  return 0;
}

/** The number in `timeout=5`, which may be one of several parameters of Keep-Alive (RFC 2068 section 19.7.1); NO_KEEP_ALIVE without one. */
function keepAliveSeconds(bytes: Uint8Array, start: number, end: number): number {
  const name = 'timeout=';
  let at = start;
  while (at < end && !equalsIgnoringCase(bytes, at, at + name.length, name)) at++;
  let seconds = NO_KEEP_ALIVE;
  for (at += name.length; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) break;
    seconds = Math.min(KEEP_ALIVE_SECONDS_MAX, Math.max(0, seconds) * 10 + digit);
  }
  return seconds;
}

/** Reads connection options (RFC 9110 section 7.6.1). Unknown options are names of fields to remove; see `removeHopByHop`. */
function noteConnection(bytes: Uint8Array, start: number, end: number, scan: FieldScan): number {
  let at = start;
  while (at < end) {
    while (at < end && (bytes[at] === SP || bytes[at] === HTAB || bytes[at] === 0x2c)) at++;
    const optionStart = at;
    while (at < end && tokenByte[bytes[at]!] === 1) at++;
    const optionEnd = at;
    while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at++;
    if (at < end && bytes[at] !== 0x2c) return Refusal.header;
    if (optionEnd === optionStart) continue;
    if (equalsIgnoringCase(bytes, optionStart, optionEnd, 'close')) scan.connection |= ConnectionOption.close;
    else if (equalsIgnoringCase(bytes, optionStart, optionEnd, 'keep-alive'))
      scan.connection |= ConnectionOption.keepAlive;
    else if (equalsIgnoringCase(bytes, optionStart, optionEnd, 'upgrade')) scan.connection |= ConnectionOption.upgrade;
    else {
      const id = headerIdOfBytes(bytes, optionStart, optionEnd);
      // Removing the field that frames or addresses the message would change its meaning after the gateway has checked it.
      if (id === HeaderId.host || id === HeaderId.contentLength) return Refusal.header;
      if (++scan.connectionNames > CONNECTION_NAMES_MAX) return Refusal.header;
      scan.connection |= ConnectionOption.named;
    }
  }
  return 0;
}

/** Whether the white space from `at` to the end of the line contains a tab. */
function tabBefore(bytes: Uint8Array, at: number): boolean {
  while (bytes[at] === SP) at++;
  return bytes[at] === HTAB;
}

/** Whether `bytes[start, end)`, in any case, equals the lower-case text `lower`. */
function equalsIgnoringCase(bytes: Uint8Array, start: number, end: number, lower: string): boolean {
  if (end - start !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    let byte = bytes[start + i]!;
    if (byte >= 0x41 && byte <= 0x5a) byte += 0x20;
    if (byte !== lower.charCodeAt(i)) return false;
  }
  return true;
}
