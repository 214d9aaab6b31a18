// The contracts between connections and what carries an exchange. Protocol-neutral: h1 connections and h2 streams fit both.

import type { Fault } from '../base/fault.ts';
import type { ResponseHead } from '../http/h1/response-head.ts';
import type { RequestBlock } from '../http/h2/request-block.ts';
import type { Headers } from '../http/headers.ts';

/** How the client's side of a response is framed; the connection adds what its protocol needs. */
export const ResponseFraming = {
  /** No body follows whatever the fields say: HEAD, 204, 304. */
  none: 0,
  /** `Content-Length` stands among the fields and holds. */
  length: 1,
  /** Length unknown: chunked in HTTP/1.1, until close in HTTP/1.0. */
  unknown: 2,
  /** 101: raw bytes both ways from here on. */
  tunnel: 3,
} as const;

/** What an exchange does with the connection its request came on. */
export interface ResponseWriter {
  /** An interim answer (1xx). `lines` are field lines, each ended by CRLF. */
  sendInformational(status: number, lines: string): void;
  /** Before the answer starts: whoever sent such a message is not read on, where the connection is this message's alone. */
  closeAfter(): void;
  /** `asReceived` says that the head's own start line may be sent: it came in HTTP/1.1, and nobody changed the status. */
  startResponse(status: number, headers: Headers, framing: number, asReceived: boolean): void;
  sendBody(bytes: Buffer, start: number, end: number): void;
  endResponse(trailers: Headers | null): void;
  /** Ends the endpoint's side of a tunnel, while the client's goes on. False where only both can end. */
  endTunnelOut(): boolean;
  /** Breaks off so that the client can tell the message is not complete. */
  abortResponse(): void;
  /** Stops and starts the flow of the request's body. */
  pauseRequest(): void;
  resumeRequest(): void;
}

/** How a request's body goes out. */
export const RequestFraming = { none: 0, length: 1, chunked: 2 } as const;

/** How long the steps of one request may take; Infinity or 0 where there is no limit. */
export interface RequestTimes {
  /** Monotonic milliseconds at which the whole exchange is over. */
  readonly deadline: number;
  /** From the request's last byte to the head of the response. */
  readonly responseTimeoutMs: number;
  /** Without a byte in the middle of the response, or without the endpoint taking one of the request. */
  readonly idleTimeoutMs: number;
}

/** What an exchange does with the connection to its endpoint, or with its stream of one. */
export interface RequestWriter {
  /** Requests that its connection was given so far. */
  readonly requests: number;
  /** In a tunnel: the endpoint has ended its side, and the client's goes on. Its `onResponseEnd` comes twice then. */
  readonly halfOpen: boolean;
  /** The endpoint has given the request up, to get it over HTTP/1.1 (RFC 9113 section 7). */
  readonly wantsHttp1: boolean;
  /** Where the head is written to, to be sent by `sendHead`; null where it goes into the thread's outbox as text. */
  readonly block: RequestBlock | null;
  /**
   * Begins a request; the caller then writes its head. `upgrade` says that the client asked to switch protocols, so
   * that 101 is an answer.
   */
  start(events: ResponseEvents, toHead: boolean, requestFraming: number, upgrade: boolean, times: RequestTimes): void;
  /** Sends the head that was written to `block`. */
  sendHead(): void;
  /** What comes from now on is somebody else's. Only while nothing of an answer has come. */
  handOver(events: ResponseEvents, times: RequestTimes): void;
  /** Whether the endpoint can be asked for a tunnel of this protocol. */
  canUpgrade(protocol: string): boolean;
  sendBody(bytes: Buffer, start: number, end: number): void;
  endRequest(trailers: Headers | null): void;
  /** Gives the exchange up. No event follows. */
  abort(): void;
  /** Nobody wants this answer any more. No event follows. */
  dropAnswer(): void;
  pauseResponse(): void;
  resumeResponse(): void;
}

/** What a client connection tells the exchange it began. Body bytes are valid only during the call. */
export interface RequestEvents {
  /** How long the client may be silent in the middle of its body where that is a conversation's; 0 where the listener's limits hold. */
  readonly quietMs: number;
  onRequestBody(bytes: Buffer, start: number, end: number): void;
  onRequestEnd(trailers: Headers | null): void;
  /** The request will never be complete: malformed body, timeout, client gone. Nothing follows. */
  onRequestFault(fault: Fault): void;
  /** The client does not take bytes as fast as they come. */
  onResponseBlocked(): void;
  onResponseDrained(): void;
}

/** What an upstream connection tells the exchange it serves. Body bytes are valid only during the call. */
export interface ResponseEvents {
  onInformational(head: ResponseHead): void;
  onResponseHead(head: ResponseHead): void;
  onResponseBody(bytes: Buffer, start: number, end: number): void;
  onResponseEnd(trailers: Headers | null): void;
  /** The response will never be complete. Nothing follows. */
  onUpstreamFault(fault: Fault): void;
  /** The upstream does not take bytes as fast as they come. */
  onRequestBlocked(): void;
  onRequestDrained(): void;
}
