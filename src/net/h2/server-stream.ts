// One stream of a client's HTTP/2 connection: the end of an exchange at the client's side. Knows flow control and its own states;
// frames are the connection's business, and what is answered is the exchange's. Longer than most rooms: it is one state machine.

import { Fault, type FaultCode } from '../../base/fault.ts';
import { type Timed, UNSCHEDULED } from '../../base/timer-wheel.ts';
import { ErrorCode } from '../../http/h2/error-code.ts';
import { ReceiveWindow, WINDOW_MAX } from '../../http/h2/flow-window.ts';
import type { Headers } from '../../http/headers.ts';
import { RefusalForm, refusalFormOf } from '../../http/refusal-form.ts';
import type { RequestHead } from '../../http/request-head.ts';
import type { Client } from '../client.ts';
import { type RequestEvents, ResponseFraming, type ResponseWriter } from '../exchange-ends.ts';
import { NO_BYTE, pieceOf } from './last-byte.ts';
import type { ServerConnection } from './server-connection.ts';
import { acceptsKey, newWebSocketKey, takeSwitchFields } from './websocket-switch.ts';

/** A tunnel that an extended CONNECT asks for (RFC 8441). What comes behind one that was declined is nobody's. */
const Tunnel = { none: 0, asked: 1, declined: 2, open: 3, outEnded: 4 } as const;

/** What a piece that waits costs beside its bytes: many small ones must not slip through. */
const PIECE_BYTES = 128;
const nothing: Buffer[] = [];
const noBytes = Buffer.alloc(0);
/** How long a request is read over once it has its answer. */
const LINGER_MS = 1_000;

export class ServerStream implements ResponseWriter, Timed {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  readonly id: number;
  chainNext: ServerStream | null;
  private readonly connection: ServerConnection;
  private events: RequestEvents | null;
  /** Over for both sides: nothing is sent or told any more. */
  closed: boolean;

  // The request.
  /** The client has ended its side. */
  remoteEnded: boolean;
  private contentLength: number;
  private received: number;
  /** What comes may still turn out to be longer than was said: then an upstream that counts must not see a whole request. */
  private mayExceed: boolean;
  /** The last byte of the length that was said, until the end shows that it was the last; else NO_BYTE. */
  private lastByte: number;
  /** The head that says there is no body, until that is so. */
  private heldHead: RequestHead | null;
  /** Null where no body was announced. */
  private readonly window: ReceiveWindow | null;
  private paused: boolean;
  /** Bytes of DATA that came while the flow was held, to be given back once it goes on. */
  private heldBack: number;
  private tunnel: number;
  private webSocketKey: string;
  /** What came for a tunnel before it was open: the first bytes of a buffer that grows with them. */
  private early: Buffer;
  private earlyBytes: number;
  private expectsContinue: boolean;

  // The answer.
  /** How many bytes the client takes of this stream. */
  sendWindow: number;
  private responseStarted: boolean;
  /** END_STREAM has been sent. */
  private localEnded: boolean;
  /** The exchange has nothing more to say. */
  private responseDone: boolean;
  private trailers: Headers | null;
  /** The answer is complete, and the request is read over. */
  private lingering: boolean;
  /** Bytes that the client does not take yet; from `queueAt` of the first piece on. */
  private queue: Buffer[];
  private queueAt: number;
  /** What the queue's pieces cost. */
  private held: number;
  /** In the connection's list of streams that wait to send. */
  waiting: boolean;
  private sent: number;
  /** Progress at the start of the window that `deadline` ends. */
  private windowBytes: number;
  /** When the window of the request's body began. */
  private windowAt: number;

  constructor(connection: ServerConnection, id: number, endStream: boolean, sendWindow: number) {
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.id = id;
    this.chainNext = null;
    this.connection = connection;
    this.events = null;
    this.closed = false;
    this.remoteEnded = endStream;
    this.contentLength = -1;
    this.received = 0;
    this.mayExceed = false;
    this.lastByte = NO_BYTE;
    this.heldHead = null;
    this.window = endStream ? null : new ReceiveWindow(connection.handler.http2.initialWindow);
    this.paused = false;
    this.heldBack = 0;
    this.tunnel = Tunnel.none;
    this.webSocketKey = '';
    this.early = noBytes;
    this.earlyBytes = 0;
    this.expectsContinue = false;
    this.sendWindow = sendWindow;
    this.responseStarted = false;
    this.localEnded = false;
    this.responseDone = false;
    this.trailers = null;
    this.lingering = false;
    this.queue = nothing;
    this.queueAt = 0;
    this.held = 0;
    this.waiting = false;
    this.sent = 0;
    this.windowBytes = 0;
    this.windowAt = 0;
  }

  get client(): Client {
    return this.connection.client;
  }

  /** Begins the exchange, at the latest with the end of the request. */
  begin(head: RequestHead): void {
    const { handler } = this.connection;
    this.expectsContinue = head.expectContinue;
    if (head.upgrade === '') {
      this.contentLength = head.contentLength;
      if (head.contentLength === 0 && !this.remoteEnded) {
        this.heldHead = head;
        this.startBodyWindow();
        return;
      }
    } else {
      this.tunnel = Tunnel.asked;
      this.webSocketKey = newWebSocketKey();
      head.headers.remove('sec-websocket-key');
      head.headers.appendTrusted('Sec-WebSocket-Key', this.webSocketKey);
    }
    if (!this.remoteEnded && this.tunnel === Tunnel.none) this.startBodyWindow();
    const events = handler.onStreamRequest(this, head);
    // The answer may be complete already.
    if (!this.responseDone && !this.closed) this.events = events;
  }

  // ---- From the client -----------------------------------------------------------------------------------------

  /** A DATA frame of this length begins. Returns 0, or the code with which this stream ends. */
  takeData(length: number, isLast: boolean): number {
    if (this.remoteEnded) return ErrorCode.streamClosed;
    this.mayExceed = !isLast || this.received + length > this.contentLength;
    return this.window!.take(length) ? 0 : ErrorCode.flowControlError;
  }

  onData(bytes: Buffer, start: number, end: number): void {
    if (this.closed) return;
    this.received += end - start;
    if (this.tunnel === Tunnel.asked) {
      this.keepEarly(bytes, start, end);
      return;
    }
    if (this.tunnel === Tunnel.declined) return;
    if (this.tunnel === Tunnel.none && this.contentLength >= 0 && this.received > this.contentLength) {
      this.fail(ErrorCode.protocolError, 'invalid_content_length');
      return;
    }
    let deliverable = end;
    if (this.received === this.contentLength && this.mayExceed) {
      deliverable--;
      this.lastByte = bytes[deliverable]!;
    }
    if (start < deliverable) this.events?.onRequestBody(bytes, start, deliverable);
  }

  /** Bounded by the window, which is not given back before the tunnel is open, in however many frames it comes. */
  private keepEarly(bytes: Buffer, start: number, end: number): void {
    const needed = this.earlyBytes + end - start;
    if (needed > this.early.length) {
      const larger = Buffer.allocUnsafe(needed * 2);
      this.early.copy(larger, 0, 0, this.earlyBytes);
      this.early = larger;
    }
    bytes.copy(this.early, this.earlyBytes, start, end);
    this.earlyBytes = needed;
  }

  /** All of a DATA frame has come: its room is given back unless the flow is held. */
  onDataEnd(length: number): void {
    if (this.closed || this.remoteEnded || length === 0) return;
    if (this.paused || this.tunnel === Tunnel.asked) this.heldBack += length;
    else this.release(length);
  }

  private release(length: number): void {
    const increment = this.window!.release(length);
    if (increment > 0) this.connection.outbox.windowUpdate(this.id, increment);
  }

  /** The client's side is complete. */
  onRemoteEnd(trailers: Headers | null): void {
    if (this.closed) return;
    if (this.lingering) {
      this.leave();
      return;
    }
    if (this.tunnel === Tunnel.none && this.contentLength >= 0 && this.received !== this.contentLength) {
      this.fail(ErrorCode.protocolError, 'invalid_content_length');
      return;
    }
    this.remoteEnded = true;
    if (!this.waiting) this.deadline = Infinity;
    const { heldHead } = this;
    this.heldHead = null;
    if (heldHead !== null) this.begin(heldHead);
    else if (this.tunnel !== Tunnel.asked && this.tunnel !== Tunnel.declined) {
      this.deliverLastByte();
      this.events?.onRequestEnd(trailers);
    }
  }

  /** Nothing is behind it any more. */
  private deliverLastByte(): void {
    const { lastByte } = this;
    this.lastByte = NO_BYTE;
    if (lastByte !== NO_BYTE) this.events?.onRequestBody(pieceOf(lastByte), 0, 1);
  }

  /** The client gives the stream up. Returns whether something was under way. */
  onReset(): boolean {
    const underWay = !this.lingering;
    this.leave();
    this.tellFault('client_aborted');
    return underWay;
  }

  /** The client broke a rule: the stream ends with this code, the exchange with that fault. */
  fail(code: number, fault: FaultCode): void {
    if (this.closed) return;
    const { connection, heldHead } = this;
    // No exchange was begun that could record it.
    if (heldHead !== null) connection.handler.onStreamRefused(this, new Fault(fault), false, RefusalForm.problem);
    connection.resetStream(this, code);
    this.leave();
    this.tellFault(fault);
    connection.blame(fault === 'client_aborted' ? 'stream' : 'malformed');
  }

  private tellFault(code: FaultCode): void {
    const { events } = this;
    this.events = null;
    events?.onRequestFault(new Fault(code));
  }

  /** The stream is over. */
  private leave(): void {
    this.closed = true;
    this.queue = nothing;
    if (this.waiting) this.connection.turns.forget(this);
    if (this.held > 0) this.hold(-this.held);
    this.early = noBytes;
    this.heldHead = null;
    this.connection.handler.io.wheel.cancel(this);
    this.connection.onStreamClosed(this);
  }

  // ---- Flow of the request's body ------------------------------------------------------------------------------

  pauseRequest(): void {
    this.paused = true;
    if (!this.waiting) this.deadline = Infinity;
  }

  resumeRequest(): void {
    if (this.closed) return;
    this.paused = false;
    if (this.remoteEnded || this.tunnel === Tunnel.asked) return;
    if (this.heldBack > 0) {
      const { heldBack } = this;
      this.heldBack = 0;
      this.release(heldBack);
    }
    if (this.tunnel === Tunnel.none && !this.waiting && !this.lingering) this.startBodyWindow();
  }

  /**
   * Only up to the answer: from then on the two talk, as gRPC's streams do, where each may be silent for as long as the upstream's
   * time between bytes, either way, allows.
   */
  private startBodyWindow(): void {
    if (this.responseStarted) return;
    this.windowBytes = this.received;
    this.windowAt = this.connection.handler.io.clock.now;
    this.schedule(this.connection.handler.limits.bodyTimeoutMs);
  }

  // ---- Writing the response ------------------------------------------------------------------------------------

  sendInformational(status: number, lines: string): void {
    if (this.closed || this.responseStarted) return;
    if (status === 100) {
      if (!this.expectsContinue) return;
      this.expectsContinue = false;
    }
    const { connection } = this;
    connection.block.interim(status, lines);
    connection.sendBlock(this.id, false);
  }

  /** Framing is beyond doubt here whatever a path may mean: the other streams go on. */
  closeAfter(): void {}

  startResponse(status: number, headers: Headers, framing: number): void {
    if (this.closed) return;
    const { connection } = this;
    this.responseStarted = true;
    // Nothing waits to be sent yet: this was the body's.
    this.deadline = Infinity;
    if (framing === ResponseFraming.tunnel) {
      this.openTunnel(headers);
      return;
    }
    // An HTTP/1.1 upstream that declined would take what the client goes on to say for its next request.
    if (this.tunnel === Tunnel.asked) this.tunnel = Tunnel.declined;
    this.early = noBytes;
    this.localEnded = framing === ResponseFraming.none;
    connection.block.head(status, headers);
    connection.sendBlock(this.id, this.localEnded);
  }

  /** The upstream switched protocols: that is a plain 200 here (RFC 8441 section 5), and no business of a connection. */
  private openTunnel(headers: Headers): void {
    const { connection } = this;
    if (!acceptsKey(headers, this.webSocketKey)) {
      this.abortExchange(ErrorCode.connectError);
      return;
    }
    takeSwitchFields(headers);
    connection.block.head(200, headers);
    connection.sendBlock(this.id, false);
    this.tunnel = Tunnel.open;
    this.deadline = Infinity;
    const { early, earlyBytes } = this;
    this.early = noBytes;
    if (earlyBytes > 0) this.events?.onRequestBody(early, 0, earlyBytes);
    if (this.closed) return;
    if (this.remoteEnded) this.events?.onRequestEnd(null);
    else this.resumeRequest();
  }

  /** What came from upstream cannot be passed on, and nobody but us has noticed. */
  private abortExchange(code: number): void {
    this.connection.resetStream(this, code);
    this.leave();
    this.tellFault('client_aborted');
  }

  sendBody(bytes: Buffer, start: number, end: number): void {
    if (this.closed || start === end) return;
    if (!this.waiting) start += this.connection.turns.send(this, bytes, start, end);
    if (start === end) return;
    const cost = end - start + PIECE_BYTES;
    if (!this.connection.mayHold(this.held, cost)) {
      this.abortExchange(ErrorCode.enhanceYourCalm);
      this.connection.blame('stalled');
      return;
    }
    this.hold(cost);
    // Because: the read buffer is overwritten by the next read. The upstream is paused, so this is one read at most.
    const rest = Buffer.from(bytes.subarray(start, end));
    if (this.waiting) {
      this.queue.push(rest);
      return;
    }
    this.waiting = true;
    this.queue = [rest];
    this.queueAt = 0;
    this.connection.turns.wait(this);
    this.startWriteWindow();
    this.events?.onResponseBlocked();
  }

  endResponse(trailers: Headers | null): void {
    this.responseDone = true;
    this.events = null;
    if (this.closed) return;
    this.trailers = trailers;
    if (!this.waiting) this.finish();
  }

  endTunnelOut(): boolean {
    this.tunnel = Tunnel.outEnded;
    if (!this.closed && !this.waiting) this.endOut();
    return true;
  }

  /** The upstream's FIN as RFC 8441 section 5 has it: END_STREAM, behind all that was to be sent. */
  private endOut(): void {
    this.localEnded = true;
    this.connection.outbox.endStream(this.id);
  }

  abortResponse(): void {
    this.responseDone = true;
    this.events = null;
    if (this.closed) return;
    // RFC 8441 section 5: what would be a reset of the tunnel's TCP connection.
    const code = this.tunnel >= Tunnel.open ? ErrorCode.cancel : ErrorCode.internalError;
    this.connection.resetStream(this, code);
    this.leave();
  }

  private hold(change: number): void {
    this.held += change;
    this.connection.onHeld(change);
  }

  /** Sends of what waits at most `budget` bytes. Returns how many it were. */
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
        this.hold(-piece.length - PIECE_BYTES);
        this.queueAt = 0;
      } else if (this.queueAt < end) break;
    }
    return sent;
  }

  /** Whether all that waited has been sent; then the flow goes on, or the stream ends. */
  goOn(): boolean {
    if (this.queue.length > 0) return false;
    this.waiting = false;
    this.deadline = Infinity;
    if (this.responseDone) this.finish();
    else {
      if (!this.remoteEnded && !this.paused && this.tunnel === Tunnel.none) this.startBodyWindow();
      if (this.tunnel === Tunnel.outEnded) this.endOut();
      this.events?.onResponseDrained();
    }
    return true;
  }

  /** Takes note of bytes that were put into frames. */
  noteSent(count: number): void {
    this.sendWindow -= count;
    this.sent += count;
    this.connection.onUseful(count);
  }

  /** Changes the send window. False when it grows beyond what is allowed. */
  growWindow(increment: number): boolean {
    this.sendWindow += increment;
    return this.sendWindow <= WINDOW_MAX;
  }

  private finish(): void {
    const { connection } = this;
    if (!this.localEnded) {
      this.localEnded = true;
      if (this.trailers === null) connection.outbox.endStream(this.id);
      else {
        connection.block.trailers(this.trailers);
        connection.sendBlock(this.id, true);
      }
    }
    if (this.remoteEnded) {
      this.leave();
      return;
    }
    // What the client still sends nobody wants. It is read over for a moment: clients of note take the reset that may follow
    // the answer (RFC 9113 section 8.1) for a failure, and most requests are all but here.
    this.lingering = true;
    this.schedule(LINGER_MS);
    this.paused = false;
    if (this.heldBack > 0) this.resumeRequest();
  }

  /** The connection is gone. */
  onConnectionLost(fault: FaultCode = 'client_aborted'): void {
    if (this.closed) return;
    this.leave();
    this.tellFault(fault);
  }

  // ---- Time ----------------------------------------------------------------------------------------------------

  onDeadline(now: number): void {
    const { limits, io } = this.connection.handler;
    io.clock.now = now;
    if (this.lingering) {
      this.connection.resetStream(this, ErrorCode.noError);
      this.leave();
    } else if (this.waiting) {
      const taken = this.sent - this.windowBytes;
      if (taken === 0 || taken * 1000 < limits.minimumRateBytesPerSecond * limits.writeTimeoutMs) {
        this.connection.onStalled(this);
      } else this.startWriteWindow();
    } else if (!this.remoteEnded && !this.paused) this.checkBodyWindow(now);
  }

  private checkBodyWindow(now: number): void {
    const { bodyTimeoutMs, minimumRateBytesPerSecond } = this.connection.handler.limits;
    const received = this.received - this.windowBytes;
    // A conversation has no rate, only a longest quiet.
    const quietMs = this.events?.quietMs ?? 0;
    const enough = quietMs === 0 ? (minimumRateBytesPerSecond * bodyTimeoutMs) / 1000 : 0;
    const quietUntil = this.windowAt + quietMs;
    if (received > 0 && received >= enough) this.startBodyWindow();
    else if (received === 0 && now < quietUntil) this.schedule(quietUntil - now);
    // Its answer, if it can still have one, comes through `startResponse`.
    else this.tellBodyTimeout(new Fault('body_timeout'));
  }

  private tellBodyTimeout(fault: Fault): void {
    const { events, heldHead, connection } = this;
    this.heldHead = null;
    if (heldHead === null) events?.onRequestFault(fault);
    else connection.handler.onStreamRefused(this, fault, true, refusalFormOf(heldHead));
  }

  private startWriteWindow(): void {
    this.windowBytes = this.sent;
    this.schedule(this.connection.handler.limits.writeTimeoutMs);
  }

  private schedule(delayMs: number): void {
    const { io } = this.connection.handler;
    io.wheel.schedule(this, io.clock.now + delayMs);
  }
}
