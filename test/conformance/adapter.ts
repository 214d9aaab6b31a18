// The only place where conformance tests and the fuzzer touch the engine: bytes in, messages or a refusal out.
// Drives the engine as a connection does, piece by piece; judges nothing.

import { BodyDecoder } from '../../src/http/h1/body-decoder.ts';
import type { HeadLimits } from '../../src/http/h1/field-lines.ts';
import { refusalCode } from '../../src/http/h1/parse-outcome.ts';
import { parseRequestHead, takeRequestHead } from '../../src/http/h1/request-head.ts';
import { BodyFraming, parseResponseHead, takeResponseHead } from '../../src/http/h1/response-head.ts';
import type { Headers } from '../../src/http/headers.ts';

export interface ReadMessage {
  /** Requests only; empty in a response. */
  readonly method: string;
  /** Requests only: path and query, without scheme and authority. */
  readonly target: string;
  /** Responses only; 0 in a request. */
  readonly status: number;
  /** `1.0` or `1.1`. */
  readonly version: string;
  /** Headers as the engine passes them on, without hop-by-hop headers. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly trailers: readonly (readonly [string, string])[];
  /** False when the bytes ended within the body. */
  readonly complete: boolean;
}

export interface Reading {
  /** All messages read; the last one may be incomplete. */
  readonly messages: readonly ReadMessage[];
  /** Problem code of the refusal; null when nothing was refused. */
  readonly error: string | null;
  /** Bytes after a message that ended the connection or switched protocols. */
  readonly rest: string;
  /** Whether the last message asked to switch protocols. */
  readonly upgrade: boolean;
  /** Whether the bytes ended within a head. */
  readonly headIncomplete: boolean;
  /** Offset of the last message that began, counted over all pieces. */
  readonly lastStart: number;
}

const limits: HeadLimits = { requestLineBytesMax: 65_536, headerBytesMax: 262_144, headerCountMax: 500 };

interface Head {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly version: string;
  readonly headers: Headers;
  readonly decoder: BodyDecoder;
  readonly untilClose: boolean;
  readonly keepAlive: boolean;
  readonly upgrade: boolean;
}

type ReadHead = (bytes: Buffer, start: number, messageIndex: number) => number | [number, Head];

/** Reads the requests of one connection, in the pieces in which they arrive. */
export function readRequests(pieces: readonly Buffer[]): Reading {
  return read(pieces, false, (bytes, start) => {
    const used = parseRequestHead(bytes, start, bytes.length, limits);
    if (used <= 0) return used;
    const head = takeRequestHead();
    const framing = head.lengthUnknown
      ? BodyFraming.chunked
      : head.contentLength > 0
        ? BodyFraming.length
        : BodyFraming.none;
    return [
      used,
      {
        method: head.method,
        target: head.rawPath + (head.hasQuery ? `?${head.query}` : ''),
        status: 0,
        version: head.version,
        headers: head.headers,
        decoder: new BodyDecoder(framing, head.contentLength),
        untilClose: false,
        keepAlive: head.keepAlive,
        upgrade: head.upgrade !== '',
      },
    ];
  });
}

/**
 * Reads the responses on one connection; `methods` are the methods of their requests, GET when left out.
 * `ended` means that the server closed the connection after the bytes, which completes a body without a length.
 */
export function readResponses(pieces: readonly Buffer[], methods: readonly string[], ended: boolean): Reading {
  let answered = 0;
  return read(pieces, ended, (bytes, start) => {
    const used = parseResponseHead(bytes, start, bytes.length, methods[answered] === 'HEAD', limits);
    if (used <= 0) return used;
    const head = takeResponseHead();
    if (head.status >= 200) answered++;
    return [
      used,
      {
        method: '',
        target: '',
        status: head.status,
        version: bytes.toString('latin1', start + 'HTTP/'.length, start + 'HTTP/1.1'.length),
        headers: head.headers,
        decoder: new BodyDecoder(head.framing, head.contentLength),
        untilClose: head.framing === BodyFraming.untilClose,
        // An interim response never ends the connection, whatever it says.
        keepAlive: head.keepAlive || (head.status < 200 && head.status !== 101),
        upgrade: head.status === 101,
      },
    ];
  });
}

function read(pieces: readonly Buffer[], ended: boolean, readHead: ReadHead): Reading {
  const messages: ReadMessage[] = [];
  let error: string | null = null;
  let pending: Buffer = Buffer.alloc(0);
  let open: { head: Head; body: string } | null = null;
  let over = false;
  let upgrade = false;
  let rest = '';
  let offset = 0;
  let lastStart = 0;
  const close = (complete: boolean): void => {
    const { head, body } = open!;
    const { method, target, status, version } = head;
    const trailers = head.decoder.trailers === null ? [] : [...head.decoder.trailers];
    messages.push({ method, target, status, version, headers: [...head.headers], body, trailers, complete });
    if (complete && (!head.keepAlive || head.upgrade)) over = true;
    if (complete && head.upgrade) upgrade = true;
    open = null;
  };
  const sink = {
    onBody(bytes: Buffer, start: number, end: number): void {
      open!.body += bytes.toString('latin1', start, end);
    },
  };
  for (const piece of pieces) {
    if (error !== null) break;
    if (over) {
      rest += piece.toString('latin1');
      continue;
    }
    let bytes = pending.length === 0 ? piece : Buffer.concat([pending, piece]);
    pending = Buffer.alloc(0);
    const base = offset;
    let at = 0;
    while (error === null && !over) {
      if (open === null) {
        if (at === bytes.length) break;
        lastStart = base + at;
        const outcome = readHead(bytes, at, messages.length);
        if (typeof outcome === 'number') {
          if (outcome < 0) error = refusalCode(outcome);
          else pending = Buffer.from(bytes.subarray(at));
          break;
        }
        at += outcome[0];
        open = { head: outcome[1], body: '' };
      }
      const { decoder }: Head = open.head;
      if (!decoder.done) {
        if (at === bytes.length) break;
        const taken = decoder.feed(bytes, at, bytes.length, sink);
        if (taken < 0) {
          error = refusalCode(taken);
          break;
        }
        at += taken;
      }
      if (!decoder.done) break;
      close(true);
    }
    offset = base + at;
    if (over) {
      rest += bytes.toString('latin1', at);
      bytes = Buffer.alloc(0);
    }
  }
  if (open !== null) close(error === null && ended && (open as { head: Head }).head.untilClose);
  return { messages, error, rest, upgrade, headIncomplete: pending.length > 0, lastStart };
}
