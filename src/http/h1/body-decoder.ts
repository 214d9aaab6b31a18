// Finds the end of a body and decodes its chunks (RFC 9112 sections 6 and 7.1), piece by piece. Buffers only the bytes of trailers.

import { latin1 } from '../../base/latin1.ts';
import { hexValue, tokenByte, valueByte } from '../byte-classes.ts';
import { HeaderNameSet } from '../header-name-set.ts';
import { HeaderId } from '../header-names.ts';
import { FIELD_STRIDE, Headers } from '../headers.ts';
import { FieldScan, type HeadLimits, scanFieldLines } from './field-lines.ts';
import { Refusal } from './parse-outcome.ts';
import { BodyFraming } from './response-head.ts';

/** Receives the payload that a decoder finds. The bytes are valid only during the call. */
export interface BodySink {
  onBody(bytes: Buffer, start: number, end: number): void;
}

const State = { size: 0, extension: 1, sizeEnd: 2, data: 3, dataCr: 4, dataLf: 5, trailers: 6 } as const;

/** Longest line of chunk size and extensions, in bytes. A longer line is a sign of an attack (CVE-2023-39326). */
const CHUNK_LINE_BYTES_MAX = 512;
/** Limit for the extensions of all chunks of one body together, in bytes. */
const EXTENSION_BYTES_MAX = 16_384;
const TRAILER_BYTES_MAX = 8_192;

const scan = new FieldScan();
const trailerLimits: HeadLimits = { requestLineBytesMax: 0, headerBytesMax: TRAILER_BYTES_MAX, headerCountMax: 64 };

/**
 * Decodes one body. `feed` passes payload to the sink. It returns a negative `Refusal`, or the number of bytes consumed: fewer
 * than given only when the body is complete (`done`). A body until close is never `done`; the end of the connection ends it.
 */
export class BodyDecoder {
  done: boolean;
  /** Payload bytes decoded so far. */
  received: number;
  /** Fields after a chunked body, without those that are not allowed in trailers; null when there were no fields. */
  trailers: Headers | null;
  private readonly framing: number;
  /** Payload bytes still to come, of a body with a length or of the current chunk. */
  private remaining: number;
  private state: number;
  private sizeDigits: number;
  private lineBytes: number;
  private extensionBytes: number;
  /** Position relative to a quoted string in an extension: 0 outside, 1 inside, 2 inside after a backslash. */
  private quoted: number;
  private extensionState: number;
  private trailerBytes: Buffer | null;

  /** `framing` is one of `BodyFraming`; `contentLength`, in bytes, is used for `BodyFraming.length` only. */
  constructor(framing: number, contentLength: number) {
    this.framing = framing;
    this.remaining = framing === BodyFraming.length ? contentLength : 0;
    this.done = framing === BodyFraming.none || (framing === BodyFraming.length && contentLength === 0);
    this.received = 0;
    this.trailers = null;
    this.state = State.size;
    this.sizeDigits = 0;
    this.lineBytes = 0;
    this.extensionBytes = 0;
    this.quoted = 0;
    this.extensionState = 0;
    this.trailerBytes = null;
  }

  feed(bytes: Buffer, start: number, end: number, sink: BodySink): number {
    if (this.framing === BodyFraming.chunked) return this.feedChunked(bytes, start, end, sink);
    let take = end - start;
    if (this.framing === BodyFraming.length) {
      if (take >= this.remaining) {
        take = this.remaining;
        this.done = true;
      }
      this.remaining -= take;
    }
    this.received += take;
    if (take > 0) sink.onBody(bytes, start, start + take);
    return take;
  }

  private feedChunked(bytes: Buffer, start: number, end: number, sink: BodySink): number {
    let at = start;
    while (at < end) {
      switch (this.state) {
        case State.data: {
          const take = Math.min(end - at, this.remaining);
          this.remaining -= take;
          this.received += take;
          if (this.remaining === 0) this.state = State.dataCr;
          sink.onBody(bytes, at, at + take);
          at += take;
          break;
        }
        case State.dataCr:
          if (bytes[at++] !== 0x0d) return Refusal.chunk;
          this.state = State.dataLf;
          break;
        case State.dataLf:
          if (bytes[at++] !== 0x0a) return Refusal.chunk;
          this.beginSize();
          break;
        case State.trailers: {
          const taken = this.feedTrailers(bytes, at, end);
          if (taken < 0) return taken;
          at += taken;
          if (this.done) return at - start;
          break;
        }
        default: {
          const refusal = this.feedSizeLine(bytes[at++]!);
          if (refusal !== 0) return refusal;
        }
      }
    }
    return at - start;
  }

  private beginSize(): void {
    this.state = State.size;
    this.sizeDigits = 0;
    this.lineBytes = 0;
  }

  /** Reads one byte of `1*HEXDIG [chunk-ext] CRLF`. Returns a `Refusal`, or 0. */
  private feedSizeLine(byte: number): number {
    if (++this.lineBytes > CHUNK_LINE_BYTES_MAX) return Refusal.chunk;
    if (this.state === State.sizeEnd) {
      if (byte !== 0x0a) return Refusal.lineEnding;
      this.state = this.remaining === 0 ? State.trailers : State.data;
      return 0;
    }
    if (this.state === State.size) {
      const digit = hexValue[byte]!;
      if (digit !== 255) {
        this.remaining = this.remaining * 16 + digit;
        // 13 digits are 52 bits: still exact as a number, and more than any real chunk needs.
        return ++this.sizeDigits > 13 ? Refusal.chunk : 0;
      }
      if (this.sizeDigits === 0) return Refusal.chunk;
      if (byte === 0x0d) {
        this.state = State.sizeEnd;
        return 0;
      }
      if (byte !== 0x3b) return byte === 0x0a ? Refusal.lineEnding : Refusal.chunk;
      this.state = State.extension;
      this.extensionState = 0;
      return 0;
    }
    return this.feedExtension(byte);
  }

  /** Reads one byte of `;name[=token|"quoted"]`. Refuses the bad white space that RFC 9112 section 7.1.1 lets a recipient tolerate. */
  private feedExtension(byte: number): number {
    if (++this.extensionBytes > EXTENSION_BYTES_MAX) return Refusal.chunk;
    if (this.quoted !== 0) {
      if (valueByte[byte] !== 1) return Refusal.chunk;
      if (this.quoted === 2) this.quoted = 1;
      else if (byte === 0x5c) this.quoted = 2;
      else if (byte === 0x22) {
        this.quoted = 0;
        this.extensionState = 4;
      }
      return 0;
    }
    // `extensionState`: 0 before the name, 1 inside the name, 2 after `=`, 3 inside a token value, 4 after a quoted value.
    const place = this.extensionState;
    if (tokenByte[byte] === 1) {
      if (place === 4) return Refusal.chunk;
      this.extensionState = place === 0 ? 1 : place === 2 ? 3 : place;
      return 0;
    }
    if (byte === 0x3d && place === 1) {
      this.extensionState = 2;
      return 0;
    }
    if (byte === 0x22 && place === 2) {
      this.quoted = 1;
      return 0;
    }
    if (place === 0 || place === 2) return Refusal.chunk;
    if (byte === 0x3b) {
      this.extensionState = 0;
      return 0;
    }
    if (byte === 0x0d) {
      this.state = State.sizeEnd;
      return 0;
    }
    return byte === 0x0a ? Refusal.lineEnding : Refusal.chunk;
  }

  /** Buffers trailer lines until all have arrived; they are rare and small. Returns the bytes consumed, or a `Refusal`. */
  private feedTrailers(bytes: Buffer, at: number, end: number): number {
    const kept = this.trailerBytes;
    let from = bytes;
    let fromStart = at;
    let fromEnd = end;
    if (kept !== null) {
      from = Buffer.allocUnsafe(kept.length + end - at);
      kept.copy(from);
      bytes.copy(from, kept.length, at, end);
      fromStart = 0;
      fromEnd = from.length;
    }
    scan.reset();
    const behind = scanFieldLines(from, fromStart, fromStart, fromEnd, trailerLimits, scan);
    if (behind < 0) return behind === Refusal.lineEnding ? behind : Refusal.chunk;
    if (behind === 0) {
      this.trailerBytes = kept === null ? Buffer.from(bytes.subarray(at, end)) : from;
      return end - at;
    }
    this.trailerBytes = null;
    if (scan.count > 0) {
      if (scan.disguised || scan.hosts > 0 || scan.transferEncodings > 0 || scan.contentLength !== -1)
        return Refusal.chunk;
      const index = scan.index.slice(0, scan.count * FIELD_STRIDE);
      this.trailers = allowedTrailers(
        new Headers(latin1(from, fromStart, behind), null, 0, index, behind - 2 - fromStart),
      );
    }
    this.done = true;
    return behind - fromStart - (kept?.length ?? 0);
  }
}

/** All ids but a few: fields that affect routing, identity or framing are not allowed after the body (RFC 9110 section 6.5.1). */
const forbiddenInTrailers = new Uint8Array(64);
for (const id of Object.values(HeaderId)) {
  if (id !== HeaderId.other && id !== HeaderId.etag && id !== HeaderId.date && id !== HeaderId.server)
    forbiddenInTrailers[id] = 1;
}

/** Fields of the same kinds without a `HeaderId`, because the gateway does not read them: conditions, ranges, caching, challenges. */
const othersForbidden = new HeaderNameSet(
  [
    ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range', 'range', 'content-range'],
    ...['max-forwards', 'pragma', 'age', 'expires', 'retry-after', 'warning', 'allow', 'content-location'],
    ...['www-authenticate', 'content-language', 'x-method-override', 'x-http-method-override', 'x-original-url'],
    'x-rewrite-url',
  ],
  [],
);

/** Removes the fields that are not allowed in trailers, and returns the same object. For any HTTP version. */
export function allowedTrailers(trailers: Headers): Headers {
  trailers.removeMasked(forbiddenInTrailers);
  trailers.removeNamed(othersForbidden);
  return trailers;
}
