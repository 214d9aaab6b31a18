// One stream of a client's HTTP/2 connection: the client's side of an exchange. Knows flow control and its own states; frames are the
// connection's business, and the response is the exchange's. Longer than most files because it is one state machine.

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

/** The state of the tunnel that an extended CONNECT asks for (RFC 8441). Bytes that follow a declined one are dropped. */
const Tunnel = { none: 0, asked: 1, declined: 2, open: 3, outEnded: 4 } as const;

/** Bytes that a waiting piece counts for in addition to its own: many small pieces must not evade the limit. */
const PIECE_BYTES = 128;
const nothing: Buffer[] = [];
const noBytes = Buffer.alloc(0);
/** How long the rest of a request is read and dropped once its response is complete. */
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
  /** The stream is over for both sides: no more frames are sent, and no more events reported. */
  closed: boolean;

  // The request.
  /** The client has ended its side. */
  remoteEnded: boolean;
  private contentLength: number;
  private received: number;
  /** The body may still exceed its Content-Length: an upstream that counts bytes must not see a complete request then. */
  private mayExceed: boolean;
  /** The last byte of the announced length, held back until the stream ends there; else NO_BYTE. See last-byte.ts. */
  private lastByte: number;
  /** A head with a Content-Length of 0, held back until the stream ends without a body; else null. */
  private heldHead: RequestHead | null;
  /** Null when the request ended with its head. */
  private readonly window: ReceiveWindow | null;
  private paused: boolean;
  /** Bytes of DATA that came while the flow was paused; their room is given back once it resumes. */
  private heldBack: number;
  private tunnel: number;
  private webSocketKey: string;
  /** Bytes that came for a tunnel before it was open: the first `earlyBytes` of a buffer that grows with them. */
  private early: Buffer;
  private earlyBytes: number;
  private expectsContinue: boolean;

  // The response.
  /** Bytes of DATA that the client still takes on this stream; a changed setting can make it negative. */
  sendWindow: number;
  private responseStarted: boolean;
  /** END_STREAM has been sent. */
  private localEnded: boolean;
  /** The exchange has nothing more to send. */
  private responseDone: boolean;
  private trailers: Headers | null;
  /** The response is complete, and the rest of the request is read and dropped. */
  private lingering: boolean;
  /** Pieces that the client does not take yet; the first one is sent up to `queueAt`. */
  private queue: Buffer[];
  private queueAt: number;
  /** The bytes of the queued pieces, and PIECE_BYTES for each. */
  private held: number;
  /** The stream is in the connection's list of those that wait to send. */
  waiting: boolean;
  private sent: number;
  /** Bytes received or sent at the start of the window that `deadline` ends. */
  private windowBytes: number;
  /** Bytes that the whole connection had sent by then. */
  private connectionBytes: number;
  /** When the current window of the request's body began. */
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
    this.window = endStream ? null : new ReceiveWindow(connection.handler.http2.initialWindow, connection.streamWindow);
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
    this.connectionBytes = 0;
    this.windowAt = 0;
  }

  get client(): Client {
    return this.connection.client;
  }

  /** Begins the exchange; for a Content-Length of 0 not before the request has ended. */
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
    const events = handler.onStreamRequest(this, head);
    // The response may be complete already.
    if (this.responseDone || this.closed) return;
    this.events = events;
    if (!this.remoteEnded && !this.paused && this.tunnel === Tunnel.none) this.startBodyWindow();
  }

  // ---- From the client -----------------------------------------------------------------------------------------

  /** A DATA frame of this length begins; `isLast`: it ends the stream. Returns 0, or the error code with which this stream must end. */
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

  /** Keeps bytes until the tunnel is open. The window is not given back before, and bounds them in however many frames they come. */
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

  /** A whole DATA frame has come: its room in the window is given back unless the flow is paused. */
  onDataEnd(length: number): void {
    if (this.closed || this.remoteEnded || length === 0) return;
    if (this.paused || this.tunnel === Tunnel.asked) this.heldBack += length;
    else this.release(length);
  }

  private release(length: number): void {
    const increment = this.window!.release(length);
    if (increment > 0) this.connection.outbox.windowUpdate(this.id, increment);
  }

  /** The client has ended its side; `trailers` is null for none. */
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

  /** Delivers the byte that was held back, now that no more bytes can follow it. */
  private deliverLastByte(): void {
    const { lastByte } = this;
    this.lastByte = NO_BYTE;
    if (lastByte !== NO_BYTE) this.events?.onRequestBody(pieceOf(lastByte), 0, 1);
  }

  /** The client reset the stream. Returns whether its exchange was still in progress. */
  onReset(): boolean {
    const underWay = !this.lingering;
    this.leave();
    this.tellFault('client_aborted');
    return underWay;
  }

  /** The client broke a rule: the stream ends with the error code `code`, the exchange with `fault`. */
  fail(code: number, fault: FaultCode): void {
    if (this.closed) return;
    const { connection, heldHead } = this;
    // No exchange has begun that could record the fault.
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

  /** Ends the stream and releases what it holds; reports nothing to the exchange. */
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
   * Applies only before the response: from then on both sides may converse, as in gRPC streams, and each may be silent for as long as
   * the upstream's idle timeout, which counts bytes in both directions, allows.
   */
  private startBodyWindow(): void {
    if (this.responseStarted) return;
    this.windowBytes = this.received;
    const { io, limits } = this.connection.handler;
    this.windowAt = io.clock.now;
    this.schedule(Math.min(this.events?.quietMs || Infinity, limits.bodyTimeoutMs));
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

  /** Checks the proof of RFC 6455 section 4.2.2: the key is the gateway's own, so no client can. */
  acceptsSwitch(headers: Headers): boolean {
    return acceptsKey(headers, this.webSocketKey);
  }

  /** Does nothing: HTTP/2 framing is unambiguous, however a path may be read, so the other streams go on. */
  closeAfter(): void {}

  startResponse(status: number, headers: Headers, framing: number): void {
    if (this.closed) return;
    const { connection } = this;
    this.responseStarted = true;
    // No response bytes wait to be sent yet, so this was the deadline of the request body.
    this.deadline = Infinity;
    if (framing === ResponseFraming.tunnel) {
      this.openTunnel(headers);
      return;
    }
    // An HTTP/1.1 upstream that declined the tunnel would take further bytes of the client for the next request.
    if (this.tunnel === Tunnel.asked) this.tunnel = Tunnel.declined;
    this.early = noBytes;
    this.localEnded = framing === ResponseFraming.none;
    connection.block.head(status, headers);
    connection.sendBlock(this.id, this.localEnded);
  }

  /** The upstream switched protocols: the client gets a plain 200 (RFC 8441 section 5) without the fields of a connection's switch. */
  private openTunnel(headers: Headers): void {
    const { connection } = this;
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
    // The upstream may have no room for the early bytes already: then their room is given back once it has.
    else if (!this.paused) this.resumeRequest();
  }

  sendBody(bytes: Buffer, start: number, end: number): void {
    if (this.closed || start === end) return;
    if (!this.waiting) start += this.connection.turns.send(this, bytes, start, end);
    if (start === end) return;
    const cost = end - start + PIECE_BYTES;
    if (!this.connection.mayHold(this.held, cost)) {
      this.connection.resetStream(this, ErrorCode.enhanceYourCalm);
      this.leave();
      this.tellFault('client_aborted');
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

  /** Passes the upstream's FIN on as END_STREAM (RFC 8441 section 5). Call once all bytes have been sent. */
  private endOut(): void {
    this.localEnded = true;
    this.connection.outbox.endStream(this.id);
  }

  abortResponse(): void {
    this.responseDone = true;
    this.events = null;
    if (this.closed) return;
    // In a tunnel CANCEL stands for a reset of the TCP connection (RFC 8441 section 5).
    const code = this.tunnel >= Tunnel.open ? ErrorCode.cancel : ErrorCode.internalError;
    this.connection.resetStream(this, code);
    this.leave();
  }

  private hold(change: number): void {
    this.held += change;
    this.connection.onHeld(change);
  }

  /** Sends at most `budget` of the waiting bytes. Returns how many were sent. */
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

  /** Returns whether all waiting bytes have been sent; if so, resumes the flow or ends the stream. */
  finishTurn(): boolean {
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

  /** Notes that `count` bytes of the stream were put into frames. */
  noteSent(count: number): void {
    this.sendWindow -= count;
    this.sent += count;
    this.connection.onUseful(count);
  }

  /** Changes the send window, by a negative `increment` too. False when it grows beyond what is allowed. */
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
    // The rest of the request is not wanted. It is read and dropped for a moment: notable clients take the reset that may follow
    // the response (RFC 9113 section 8.1) for a failure, and most requests have nearly arrived.
    this.lingering = true;
    this.schedule(LINGER_MS);
    this.paused = false;
    if (this.heldBack > 0) this.resumeRequest();
  }

  /** Ends the stream, sending nothing, and the exchange with `fault`: the connection is gone, or the stream was reset already. */
  end(fault: FaultCode = 'client_aborted'): void {
    if (this.closed) return;
    this.leave();
    this.tellFault(fault);
  }

  // ---- Time ----------------------------------------------------------------------------------------------------

  onDeadline(now: number): void {
    const { connection } = this;
    connection.handler.io.clock.now = now;
    if (this.lingering) {
      connection.resetStream(this, ErrorCode.noError);
      this.leave();
    } else if (this.waiting) {
      const othersMove = this.isEnough(connection.sentBytes - this.connectionBytes);
      // A stream with room in its own window only waits for its turn: many streams share the connection.
      if (this.isEnough(this.sent - this.windowBytes) || (this.sendWindow > 0 && othersMove)) this.startWriteWindow();
      else connection.onStalled(this, othersMove);
    } else if (!this.remoteEnded && !this.paused) this.checkBodyWindow(now);
  }

  /** Whether a client that takes so many bytes in a window of `writeTimeoutMs` keeps the minimum rate. */
  private isEnough(taken: number): boolean {
    const { minimumRateBytesPerSecond, writeTimeoutMs } = this.connection.handler.limits;
    return taken > 0 && taken * 1000 >= minimumRateBytesPerSecond * writeTimeoutMs;
  }

  private checkBodyWindow(now: number): void {
    const { bodyTimeoutMs, minimumRateBytesPerSecond } = this.connection.handler.limits;
    const received = this.received - this.windowBytes;
    // A conversation (gRPC) has no minimum rate, only a longest silence.
    const quietMs = this.events?.quietMs ?? 0;
    const enough = quietMs === 0 ? (minimumRateBytesPerSecond * bodyTimeoutMs) / 1000 : 0;
    const quietUntil = this.windowAt + quietMs;
    if (received > 0 && received >= enough) this.startBodyWindow();
    else if (received === 0 && now < quietUntil) this.schedule(quietUntil - now);
    // The response to the timeout, if one is still possible, comes through `startResponse`.
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
    this.connectionBytes = this.connection.sentBytes;
    this.schedule(this.connection.handler.limits.writeTimeoutMs);
  }

  private schedule(delayMs: number): void {
    const { io } = this.connection.handler;
    io.wheel.schedule(this, io.clock.now + delayMs);
  }
}
