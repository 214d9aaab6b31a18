// The contracts between an exchange and its connections, one pair per side. Protocol-neutral: HTTP/1 connections and HTTP/2 streams
// fulfil the same ones.

import type { Fault } from '../base/fault.ts';
import type { ResponseHead } from '../http/h1/response-head.ts';
import type { RequestBlock } from '../http/h2/request-block.ts';
import type { Headers } from '../http/headers.ts';

/** How the client's side of a response is framed; the connection adds what its protocol needs. */
export const ResponseFraming = {
  /** No body follows whatever the fields say: HEAD, 204, 304. */
  none: 0,
  /** The body is as long as the `Content-Length` field says. */
  length: 1,
  /** Length unknown: chunked in HTTP/1.1, until close in HTTP/1.0. */
  unknown: 2,
  /** 101: raw bytes in both directions from here on. */
  tunnel: 3,
} as const;

/** What an exchange can do with the connection, or the HTTP/2 stream, on which its request came. */
export interface ResponseWriter {
  /** Sends an interim response (1xx). `lines` are field lines, each ended by CRLF. */
  sendInformational(status: number, lines: string): void;
  /** Whether a 101 with these fields shows that the upstream switched protocols as asked. HTTP/1 clients check that by themselves. */
  acceptsSwitch(headers: Headers): boolean;
  /** Makes the connection end after this response, if it serves one message at a time (HTTP/1). Call before the response starts. */
  closeAfter(): void;
  /**
   * Sends the head; `framing` is one of `ResponseFraming`. `asReceived`: the start line that came with `headers` may be sent as it is,
   * because it is one of HTTP/1.1 and the status was not changed.
   */
  startResponse(status: number, headers: Headers, framing: number, asReceived: boolean): void;
  sendBody(bytes: Buffer, start: number, end: number): void;
  /** The response is complete; `trailers` is null for none. */
  endResponse(trailers: Headers | null): void;
  /** Ends a tunnel's direction towards the client, while the other one goes on. False where only both can end. */
  endTunnelOut(): boolean;
  /** Breaks the response off, so that the client can tell that it is incomplete. */
  abortResponse(): void;
  /** Stops the flow of the request's body; `resumeRequest` starts it again. */
  pauseRequest(): void;
  resumeRequest(): void;
}

/** How a request's body is framed towards the endpoint. */
export const RequestFraming = { none: 0, length: 1, chunked: 2 } as const;

/** How long the steps of one request may take. Without a limit `deadline` is Infinity and a timeout is 0. */
export interface RequestTimes {
  /** The time at which the whole exchange must be over, in milliseconds of the monotonic clock. */
  readonly deadline: number;
  /** From the request's last byte to the head of the response. */
  readonly responseTimeoutMs: number;
  /** Longest time without a byte from the endpoint in the middle of the response, or without it taking a byte of the request. */
  readonly idleTimeoutMs: number;
}

/** What an exchange can do with the connection to its endpoint, or with its HTTP/2 stream on one. */
export interface RequestWriter {
  /** Requests that the connection has been given so far, this one included. */
  readonly requests: number;
  /** In a tunnel: the endpoint has ended its side, the client has not. `onResponseEnd` comes now, and again at the end of the tunnel. */
  readonly halfOpen: boolean;
  /** The endpoint has given the request up because it wants it over HTTP/1.1 (HTTP_1_1_REQUIRED, RFC 9113 section 7). */
  readonly wantsHttp1: boolean;
  /** With `wantsHttp1`: the endpoint said so of its whole connection, and may have processed this request before. */
  readonly maybeProcessed: boolean;
  /** The block that the head is written to before `sendHead` sends it; null when the head goes into the thread's outbox as text. */
  readonly block: RequestBlock | null;
  /**
   * Begins a request; the caller then writes its head. `toHead`: the method is HEAD. `requestFraming` is one of `RequestFraming`.
   * `upgrade`: the client asked to switch protocols, so that 101 is a possible response.
   */
  start(events: ResponseEvents, toHead: boolean, requestFraming: number, upgrade: boolean, times: RequestTimes): void;
  /** Sends the head that was written to `block`. */
  sendHead(): void;
  /** Sends all further events to `events`, under the limits of `times`. Only before any part of a response has come. */
  handOver(events: ResponseEvents, times: RequestTimes): void;
  /** Whether the endpoint can be asked to switch to this protocol (the value of the `Upgrade` field). */
  canUpgrade(protocol: string): boolean;
  sendBody(bytes: Buffer, start: number, end: number): void;
  /** The request is complete; `trailers` is null for none. */
  endRequest(trailers: Headers | null): void;
  /** Gives the exchange up. No event follows. */
  abort(): void;
  /** Discards the rest of the response; unlike `abort` it may keep the connection for other requests. No event follows. */
  discardResponse(): void;
  pauseResponse(): void;
  resumeResponse(): void;
}

/** What a client connection tells the exchange it began. Body bytes are valid only during the call. */
export interface RequestEvents {
  /**
   * Longest silence of the client in its body, in ms, when the body is one side of a conversation (gRPC); Infinity for no limit.
   * 0 for any other body: the listener's limits apply.
   */
  readonly quietMs: number;
  onRequestBody(bytes: Buffer, start: number, end: number): void;
  onRequestEnd(trailers: Headers | null): void;
  /** The request will never be complete: malformed body, timeout, client gone. Nothing follows. */
  onRequestFault(fault: Fault): void;
  /** The client takes bytes more slowly than they are sent; `onResponseDrained` follows once more may come. */
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
  /** The endpoint takes bytes more slowly than they are sent; `onRequestDrained` follows once more may come. */
  onRequestBlocked(): void;
  onRequestDrained(): void;
}
