// One stream of a connection to an endpoint: the upstream side of an exchange. Knows flow control, times and its own states; frames are
// the connection's business. Longer than most files because it is one state machine.

import { Fault, type FaultCode } from '../../base/fault.ts';
import { type Timed, UNSCHEDULED } from '../../base/timer-wheel.ts';
import { BodyFraming, ResponseHead } from '../../http/h1/response-head.ts';
import { ErrorCode } from '../../http/h2/error-code.ts';
import { ReceiveWindow, WINDOW_MAX } from '../../http/h2/flow-window.ts';
import type { RequestBlock } from '../../http/h2/request-block.ts';
import { type ResponseMessage, ResponseVerdict } from '../../http/h2/response-message.ts';
import type { Headers } from '../../http/headers.ts';
import { isBodiless } from '../../http/status.ts';
import { RequestFraming, type RequestTimes, type RequestWriter, type ResponseEvents } from '../exchange-ends.ts';
import type { ClientConnection } from './client-connection.ts';
import { NO_BYTE, pieceOf } from './last-byte.ts';
import type { SendingStream } from './stream-turns.ts';
import { proofOf } from './websocket-switch.ts';

const LENGTH_THAT_LIES = 'Its body is not as long as its Content-Length says.';

/** The most interim responses to one request: a backend that sends more is broken. */
const INFORMATIONAL_MAX = 32;

const Phase = { head: 0, body: 1, tunnel: 2, closed: 3 } as const;

const nothing: Buffer[] = [];

export class ClientStream implements RequestWriter, SendingStream, Timed {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  /** 0 until the head is sent, because ids must increase in the order of the heads (RFC 9113 section 5.1.1). */
  id: number;
  chainNext: ClientStream | null;
  readonly requests: number;
  readonly block: RequestBlock;
  wantsHttp1: boolean;
  maybeProcessed: boolean;
  private readonly connection: ClientConnection;
  private events: ResponseEvents | null;
  private times: RequestTimes | null;
  private phase: number;

  // The request.
  private toHead: boolean;
  private upgrading: boolean;
  private webSocketKey: string;
  private requestFraming: number;
  private requestDone: boolean;
  private localEnded: boolean;
  sendWindow: number;
  private trailers: Headers | null;
  /** Pieces that the endpoint does not take yet; the first one is sent up to `queueAt`. */
  private queue: Buffer[];
  private queueAt: number;
  /** The stream is in the connection's list of those that wait to send. */
  waiting: boolean;

  // The response.
  private remoteEnded: boolean;
  private readonly window: ReceiveWindow;
  private contentLength: number;
  private received: number;
  /** The body may still exceed its Content-Length: a client that counts bytes must not see a complete response then. */
  private mayExceed: boolean;
  /** The last byte of the announced length, held back until the stream ends there; else NO_BYTE. See last-byte.ts. */
  private lastByte: number;
  /** A head with a Content-Length of 0, held back until the stream ends without a body; else null. */
  private heldHead: ResponseHead | null;
  private informational: number;
  private paused: boolean;
  /** The flow of the response was never paused. */
  private keepsUp: boolean;
  /** Bytes of DATA that came while the flow was paused; their room is given back once it resumes. */
  private heldBack: number;

  constructor(connection: ClientConnection, sendWindow: number, requests: number, block: RequestBlock) {
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.id = 0;
    this.chainNext = null;
    this.requests = requests;
    this.block = block;
    this.wantsHttp1 = false;
    this.maybeProcessed = false;
    this.connection = connection;
    this.events = null;
    this.times = null;
    this.phase = Phase.head;
    this.toHead = false;
    this.upgrading = false;
    this.webSocketKey = '';
    this.requestFraming = RequestFraming.none;
    this.requestDone = false;
    this.localEnded = false;
    this.sendWindow = sendWindow;
    this.trailers = null;
    this.queue = nothing;
    this.queueAt = 0;
    this.waiting = false;
    this.remoteEnded = false;
    this.window = new ReceiveWindow(connection.settings.initialWindow);
    this.contentLength = -1;
    this.received = 0;
    this.mayExceed = false;
    this.lastByte = NO_BYTE;
    this.heldHead = null;
    this.informational = 0;
    this.paused = false;
    this.keepsUp = true;
    this.heldBack = 0;
  }

  get closed(): boolean {
    return this.phase === Phase.closed;
  }

  get halfOpen(): boolean {
    return this.phase === Phase.tunnel && this.remoteEnded && !this.requestDone;
  }

  // ---- The request ---------------------------------------------------------------------------------------------

  start(events: ResponseEvents, toHead: boolean, requestFraming: number, upgrade: boolean, times: RequestTimes): void {
    this.events = events;
    this.times = times;
    this.toHead = toHead;
    this.upgrading = upgrade;
    this.requestFraming = requestFraming;
    this.requestDone = requestFraming === RequestFraming.none && !upgrade;
  }

  handOver(events: ResponseEvents, times: RequestTimes): void {
    this.events = events;
    this.times = times;
  }

  sendHead(): void {
    this.webSocketKey = this.block.takeWebSocketKey();
    this.localEnded = this.requestDone;
    this.connection.sendHead(this, this.localEnded);
    this.scheduleWithin(this.requestFraming === RequestFraming.none ? this.times!.responseTimeoutMs : 0);
  }

  canUpgrade(protocol: string): boolean {
    return protocol.toLowerCase() === 'websocket' && this.connection.takesTunnels;
  }

  sendBody(bytes: Buffer, start: number, end: number): void {
    if (start === end || this.localEnded || this.closed) return;
    // Once the response has begun, bytes of the request count as progress as well.
    if (this.phase !== Phase.head) this.touch();
    let at = start;
    if (!this.waiting) at += this.connection.turns.send(this, bytes, at, end);
    if (at === end) return;
    // Because: the read buffer is overwritten by the next read. The client is paused, so this is one read at most.
    const rest = Buffer.from(bytes.subarray(at, end));
    if (this.waiting) {
      this.queue.push(rest);
      return;
    }
    this.waiting = true;
    this.queue = [rest];
    this.queueAt = 0;
    this.connection.turns.wait(this);
    this.touch();
    this.events?.onRequestBlocked();
  }

  endRequest(trailers: Headers | null): void {
    if (this.localEnded || this.closed) return;
    this.requestDone = true;
    this.trailers = trailers;
    if (this.waiting) return;
    this.endLocally();
    if (this.phase !== Phase.body) this.touch();
  }

  private endLocally(): void {
    this.localEnded = true;
    if (this.trailers === null) this.connection.outbox.endStream(this.id);
    else {
      this.block.trailers(this.trailers);
      this.connection.sendBlock(this.id, true);
    }
    // Only in a tunnel can the endpoint have ended first: every other stream is over with its response.
    if (this.remoteEnded) this.finish(null);
  }

  abort(): void {
    this.events = null;
    this.cancel(ErrorCode.cancel);
  }

  discardResponse(): void {
    this.abort();
  }

  /**
   * Ends the stream, with a reset if its head was sent and not both sides have ended it: endpoints count the resets that they get. Reports
   * nothing to the exchange.
   */
  private cancel(code: number): void {
    if (this.closed) return;
    if (this.id !== 0 && !(this.localEnded && this.remoteEnded)) this.connection.resetStream(this, code);
    this.leave();
  }

  /** Ends the stream and releases what it holds. Sends and reports nothing. */
  private leave(): void {
    if (this.closed) return;
    this.phase = Phase.closed;
    this.queue = nothing;
    if (this.waiting) this.connection.turns.forget(this);
    this.times = null;
    this.connection.io.wheel.cancel(this);
    this.connection.onStreamClosed(this);
  }

  // ---- Sending as there is room --------------------------------------------------------------------------------

  noteSent(count: number): void {
    this.sendWindow -= count;
    this.connection.onUseful(count);
  }

  /** Changes the send window, by a negative `increment` too. False when it grows beyond what is allowed. */
  growWindow(increment: number): boolean {
    this.sendWindow += increment;
    return this.sendWindow <= WINDOW_MAX;
  }

  sendWaiting(budget: number): number {
    let sent = 0;
    while (sent < budget && this.queue.length > 0) {
      const piece = this.queue[0]!;
      const end = Math.min(piece.length, this.queueAt + budget - sent);
      const taken = this.connection.turns.send(this, piece, this.queueAt, end);
      sent += taken;
      this.queueAt += taken;
      if (this.queueAt === piece.length) {
        this.queue.shift();
        this.queueAt = 0;
      } else if (this.queueAt < end) break;
    }
    if (sent > 0) this.touch();
    return sent;
  }

  finishTurn(): boolean {
    if (this.queue.length > 0) return false;
    this.waiting = false;
    this.touch();
    if (this.requestDone) this.endLocally();
    else this.events?.onRequestDrained();
    return true;
  }

  // ---- The response --------------------------------------------------------------------------------------------

  /** Whether the final head has come: a further header block holds trailers. */
  get headSeen(): boolean {
    return this.phase !== Phase.head;
  }

  /** The header block of a head came, interim or final. */
  onHeaders(message: ResponseMessage, endStream: boolean): void {
    if (message.verdict !== ResponseVerdict.served) {
      const tooLarge = message.verdict === ResponseVerdict.tooLarge;
      const code = tooLarge ? 'upstream_response_too_large' : 'upstream_malformed_response';
      this.fail(ErrorCode.protocolError, code, message.flaw);
      return;
    }
    if (message.status < 200) {
      this.onInterim(message, endStream);
      return;
    }
    const { contentLength } = message;
    const bodiless = this.toHead || isBodiless(message.status);
    // The stream has ended without a body, so that a length above 0 is malformed (RFC 9113 section 8.1.1).
    if (endStream && contentLength > 0 && !bodiless) {
      this.fail(ErrorCode.protocolError, 'upstream_malformed_response', LENGTH_THAT_LIES);
      return;
    }
    this.contentLength = bodiless ? 0 : contentLength;
    this.remoteEnded = endStream;
    if (this.upgrading && message.status < 300) {
      this.openTunnel(message);
      return;
    }
    this.phase = Phase.body;
    this.touch();
    const head = message.toHead(endStream, this.toHead);
    if (contentLength === 0 && !endStream && !bodiless) this.heldHead = head;
    else this.events?.onResponseHead(head);
    if (endStream) this.finish(null);
  }

  private onInterim(message: ResponseMessage, endStream: boolean): void {
    if (endStream || ++this.informational > INFORMATIONAL_MAX) {
      this.fail(ErrorCode.protocolError, 'upstream_malformed_response', 'Interim answers and no final one.');
      return;
    }
    const head = message.toHead(false, false);
    this.events?.onInformational(head);
    head.headers.forget();
  }

  /** The endpoint accepted an extended CONNECT (RFC 8441 section 5): the exchange gets it as the 101 that it asked for. */
  private openTunnel(message: ResponseMessage): void {
    if (this.remoteEnded) {
      this.fail(ErrorCode.protocolError, 'upstream_upgrade_refused');
      return;
    }
    const { headers } = message.toHead(false, false);
    headers.appendTrusted('Sec-WebSocket-Accept', proofOf(this.webSocketKey));
    this.phase = Phase.tunnel;
    this.contentLength = -1;
    this.events?.onResponseHead(new ResponseHead(101, true, headers, BodyFraming.none, -1, false, 'websocket'));
    this.touch();
  }

  /** A DATA frame of this length begins; `isLast`: it ends the stream. Returns 0, or the error code with which this stream must end. */
  takeData(length: number, isLast: boolean): number {
    if (this.remoteEnded) return ErrorCode.streamClosed;
    if (this.phase === Phase.head) return ErrorCode.protocolError;
    this.mayExceed = !isLast || this.received + length > this.contentLength;
    return this.window.take(length) ? 0 : ErrorCode.flowControlError;
  }

  onData(bytes: Buffer, start: number, end: number): void {
    if (this.closed) return;
    this.received += end - start;
    if (this.contentLength >= 0 && this.received > this.contentLength) {
      this.fail(ErrorCode.protocolError, 'upstream_malformed_response', LENGTH_THAT_LIES);
      return;
    }
    this.touch();
    this.connection.onUseful(end - start);
    let deliverable = end;
    if (this.received === this.contentLength && this.mayExceed && start < end) {
      deliverable--;
      this.lastByte = bytes[deliverable]!;
    }
    if (start < deliverable) this.events?.onResponseBody(bytes, start, deliverable);
  }

  /** A whole DATA frame has come: its room in the window is given back unless the flow is paused. */
  onDataEnd(length: number): void {
    if (this.closed || this.remoteEnded || length === 0) return;
    if (this.paused) this.heldBack += length;
    else this.release(length);
  }

  /** Gives room back. While the client keeps up, the window is widened, and with it what we may have to hold once the client is slow. */
  private release(length: number): void {
    const { window, connection } = this;
    const increment = window.release(length);
    if (increment === 0) return;
    const added = this.keepsUp ? window.widen(connection.settings.widestWindow) : 0;
    connection.outbox.windowUpdate(this.id, increment + added);
  }

  /** The endpoint has ended its side; `trailers` is null for none. */
  onRemoteEnd(trailers: Headers | null): void {
    if (this.closed) return;
    // Only a tunnel is still open after the endpoint's end, and its client must not be told of that twice.
    if (this.remoteEnded) {
      this.fail(ErrorCode.streamClosed, 'upstream_malformed_response', 'It goes on after its end.');
      return;
    }
    if (this.phase === Phase.head || (this.contentLength >= 0 && this.received !== this.contentLength)) {
      const cause = this.phase === Phase.head ? 'It has no head.' : LENGTH_THAT_LIES;
      this.fail(ErrorCode.protocolError, 'upstream_malformed_response', cause);
      return;
    }
    this.remoteEnded = true;
    this.deliverHeld();
    this.finish(trailers);
  }

  /** Delivers the head or byte that was held back, now that no more bytes can follow. */
  private deliverHeld(): void {
    const { heldHead, lastByte } = this;
    this.heldHead = null;
    this.lastByte = NO_BYTE;
    if (heldHead !== null) this.events?.onResponseHead(heldHead);
    if (lastByte !== NO_BYTE) this.events?.onResponseBody(pieceOf(lastByte), 0, 1);
  }

  private finish(trailers: Headers | null): void {
    if (this.phase === Phase.tunnel && !this.localEnded) {
      // The endpoint has ended its side of the tunnel, which is over once the client has ended its side, too.
      if (!this.requestDone) this.events?.onResponseEnd(null);
      this.touch();
      return;
    }
    const { events } = this;
    this.events = null;
    this.times = null;
    this.connection.io.wheel.unschedule(this);
    events?.onResponseEnd(trailers);
    if (this.closed) return;
    // The endpoint does not want the rest of the request (RFC 9113 section 8.1).
    if (this.localEnded) this.leave();
    else this.cancel(ErrorCode.noError);
  }

  /** The endpoint reset the stream. */
  onReset(code: number): void {
    // After a complete response the reset says only that the rest of the request is not wanted.
    if (this.closed) return;
    this.wantsHttp1 = code === ErrorCode.http11Required;
    // A gRPC service enforces the deadline of the call as well, often a moment before our coarser timer.
    const fault = this.isOver(this.connection.io.clock.now) ? 'exchange_timeout' : 'upstream_reset';
    this.lose(new Fault(code === ErrorCode.refusedStream ? 'upstream_stream_refused' : fault, '', this.cause));
  }

  /**
   * The connection ends. `processed`: the endpoint may have processed this request (RFC 9113 section 6.8); `wantsHttp1`: it said that it
   * wants HTTP/1.1 instead.
   */
  onConnectionLost(processed: boolean, wantsHttp1: boolean): void {
    this.wantsHttp1 = wantsHttp1;
    this.maybeProcessed = processed;
    this.lose(new Fault(processed ? 'upstream_reset' : 'upstream_stream_refused', '', this.cause));
  }

  /** The cause of the stream's end, for the operator; empty where the fault says it all. */
  private get cause(): string {
    return this.wantsHttp1 ? 'It wants HTTP/1.1 for such requests; see `protocol`.' : '';
  }

  /** The endpoint broke a rule or took too long: the stream ends with `code`, the exchange with `fault`. `cause` is for the operator. */
  fail(code: number, fault: FaultCode, cause = ''): void {
    if (this.closed) return;
    this.connection.resetStream(this, code);
    this.lose(new Fault(fault, '', cause));
  }

  /** Ends the stream, sending nothing because the endpoint knows or is gone, and the exchange with `fault`. */
  lose(fault: Fault): void {
    const { events } = this;
    this.events = null;
    this.leave();
    events?.onUpstreamFault(fault);
  }

  pauseResponse(): void {
    if (this.paused) return;
    this.paused = true;
    this.keepsUp = false;
    this.scheduleWithin(0);
  }

  resumeResponse(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.closed) return;
    // A tunnel that the endpoint has ended on its side is still timed.
    this.touch();
    if (this.remoteEnded) return;
    const { heldBack } = this;
    this.heldBack = 0;
    if (heldBack > 0) this.release(heldBack);
  }

  // ---- Time ----------------------------------------------------------------------------------------------------

  onDeadline(now: number): void {
    this.connection.io.clock.now = now;
    const awaitsHead = this.phase === Phase.head && !this.waiting;
    const code = awaitsHead ? 'upstream_response_timeout' : 'upstream_idle_timeout';
    this.fail(ErrorCode.cancel, this.isOver(now) ? 'exchange_timeout' : code);
  }

  /** Whether the deadline of the whole exchange has passed. */
  private isOver(now: number): boolean {
    return this.times !== null && now >= this.times.deadline;
  }

  /** There was progress: the timeout of the current phase starts anew. */
  private touch(): void {
    const { times } = this;
    if (times === null) return;
    if (this.phase !== Phase.head) this.scheduleWithin(this.paused ? 0 : times.idleTimeoutMs);
    // Until the endpoint has taken the request, progress means that it takes more of it.
    else if (this.waiting) this.scheduleWithin(times.idleTimeoutMs);
    else this.scheduleWithin(this.requestDone || this.upgrading ? times.responseTimeoutMs : 0);
  }

  /** Sets the next deadline: `delayMs` from now (0: none) or the exchange's, whichever comes first. */
  private scheduleWithin(delayMs: number): void {
    const { times } = this;
    if (times === null) return;
    const { io } = this.connection;
    const step = delayMs === 0 ? Infinity : io.clock.now + delayMs;
    io.wheel.schedule(this, Math.min(step, times.deadline));
  }
}
