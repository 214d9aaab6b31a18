// One HTTP/1 client connection: reads requests from a socket, hands each to the handler, writes the responses in order.
// Knows framing and timeouts, nothing of routes or upstreams. Longer than most files because it is one state machine.

import type { Socket } from 'node:net';
import { Fault } from '../base/fault.ts';
import { type Timed, UNSCHEDULED } from '../base/timer-wheel.ts';
import { BodyDecoder, type BodySink } from '../http/h1/body-decoder.ts';
import type { HeadLimits } from '../http/h1/field-lines.ts';
import { refusalCode } from '../http/h1/parse-outcome.ts';
import { parseRequestHead, takeRequestHead } from '../http/h1/request-head.ts';
import { BodyFraming } from '../http/h1/response-head.ts';
import type { Headers } from '../http/headers.ts';
import type { RequestHead } from '../http/request-head.ts';
import { statusLine } from '../http/status.ts';
import type { Client } from './client.ts';
import { cutOff } from './cut-off.ts';
import { type RequestEvents, ResponseFraming, type ResponseWriter } from './exchange-ends.ts';
import type { ThreadIo } from './io.ts';
import type { Sender } from './outbox.ts';
import { bytesTaken, unsentBytes } from './progress.ts';
import { secureWriterOf } from './tls/secure-writer.ts';
import type { TurnEndTask } from './turn-end.ts';

/** Limits of a client connection. Request bodies and responses that wait must keep the minimum rate in each window of their timeout. */
export interface ConnectionLimits extends HeadLimits {
  readonly headerTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly minimumRateBytesPerSecond: number;
  readonly keepAliveTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** 0 means no limit. */
  readonly requestsPerConnectionMax: number;
}

/** Turns the requests of a connection into exchanges. */
export interface ConnectionHandler {
  readonly io: ThreadIo;
  readonly limits: ConnectionLimits;
  /** True while the gateway drains or the listener closes: responses then carry `Connection: close`. */
  readonly draining: boolean;
  /** The head of a request is complete. The response goes through `connection`, now or later. Returns the receiver of the rest. */
  onRequest(connection: DownstreamConnection, head: RequestHead): RequestEvents;
  /** A message cannot be read as a request; the handler answers it through `connection.refuse`. */
  onMalformed(connection: DownstreamConnection, fault: Fault): void;
  onBytes(received: number): void;
  onClosed(connection: DownstreamConnection): void;
}

const Reading = { head: 0, body: 1, wait: 2, discard: 3, tunnel: 4, ended: 5 } as const;

/** How long a client may go on sending after our FIN before the socket is destroyed: its bytes are read so that the response arrives. */
const LINGER_MS = 1_000;
/** While the gateway drains: how long a client has for another request if its last response did not announce the end of the connection. */
const DRAIN_GRACE_MS = 250;
/**
 * A client that shut its sending side may wait for its response (RFC 9112 section 9.6 has servers do so themselves), or be
 * gone: both send FIN. So the bytes that begin every response are sent ahead, one per probe. A waiting client takes them for a slow
 * response, in HTTP/1.0 as well, which has no interim responses (RFC 9110 section 15.2); a client that is gone answers with a reset.
 * Nothing is read from such a connection any more, so only the next write shows the reset: a second probe soon follows the first.
 */
const PROBE_BYTES = 'HTTP/1.1 ';
const HALF_CLOSE_PROBE_MS = 500;
const SECOND_PROBE_MS = 100;
const LATER_PROBES_MS = 5_000;

const nothing: BodySink = { onBody() {} };

export class DownstreamConnection implements Timed, Sender, BodySink, ResponseWriter, TurnEndTask {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  readonly socket: Socket;
  readonly handler: ConnectionHandler;
  readonly client: Client;
  private events: RequestEvents | null;
  private decoder: BodyDecoder | null;
  /** Bytes read and not yet used: part of a head, or pipelined requests. */
  private stash: Buffer | null;
  private reading: number;
  /** A part of a head has arrived, and the time limit of the head runs. An empty line in front of a head is no part of it. */
  private headArriving: boolean;
  private processing: boolean;
  private paused: boolean;
  /** The request's whole body came with its head, so an early response need not close the connection. */
  private bodyAtHand: boolean;
  private halfClosed: boolean;
  /** Probes sent to the half-closed client of this request; each is one byte of the start line to come. */
  private probes: number;
  /** The endpoint has ended its side of the tunnel: FIN follows the bytes that are still to be sent. */
  private tunnelOutEnded: boolean;
  private keepAlive: boolean;
  /** The client announced this request as its last: once the request is complete, no more bytes of the client are on their way. */
  private clientCloses: boolean;
  private http10: boolean;
  private expectsContinue: boolean;
  /** One of `ResponseFraming`; `unknown` is chunked on the wire, and until close in HTTP/1.0. */
  private framing: number;
  private responseStarted: boolean;
  private responseDone: boolean;
  private blocked: boolean;
  private requests: number;
  /** Bytes received or taken at the start of the window that `deadline` ends, for the minimum rate. */
  private windowBytes: number;

  constructor(socket: Socket, client: Client, handler: ConnectionHandler) {
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.socket = socket;
    this.client = client;
    this.handler = handler;
    this.events = null;
    this.decoder = null;
    this.stash = null;
    this.reading = Reading.head;
    this.headArriving = false;
    this.processing = false;
    this.paused = false;
    this.bodyAtHand = false;
    this.halfClosed = false;
    this.probes = 0;
    this.tunnelOutEnded = false;
    this.keepAlive = true;
    this.clientCloses = false;
    this.http10 = false;
    this.expectsContinue = false;
    this.framing = ResponseFraming.none;
    this.responseStarted = false;
    this.responseDone = true;
    this.blocked = false;
    this.requests = 0;
    this.windowBytes = 0;
    this.handler.io.wheel.schedule(this, this.handler.io.clock.now + this.handler.limits.headerTimeoutMs);
  }

  /** No request is under way and none has begun to arrive. */
  get idle(): boolean {
    return this.reading === Reading.head && !this.headArriving;
  }

  // ---- Reading -------------------------------------------------------------------------------------------------

  /** Bytes from the socket, valid only during the call. False asks to stop reading. */
  onRead(bytes: Buffer, length: number): boolean {
    const { io } = this.handler;
    io.clock.tick();
    this.handler.onBytes(length);
    if (this.stash === null) this.process(bytes, 0, length);
    else if (this.reading === Reading.head) this.processStashed(bytes, length);
    else this.keep(bytes, 0, length);
    io.outbox.flush();
    return !this.paused;
  }

  /** The client sent FIN. It may still read, so a response in progress is finished. */
  onEnd(): void {
    this.halfClosed = true;
    if (this.reading === Reading.tunnel) {
      const { events } = this;
      // Both directions have ended: bytes that are still on their way to the endpoint do not need this connection.
      if (this.tunnelOutEnded) this.events = null;
      events?.onRequestEnd(null);
    } else if (this.reading === Reading.body) {
      this.fail(new Fault('client_aborted'));
    } else if (this.reading === Reading.wait) {
      // Pipelined requests that wait behind this one are still answered.
      if (this.stash === null) this.keepAlive = false;
      if (!this.responseStarted) this.schedule(HALF_CLOSE_PROBE_MS);
    } else {
      this.close();
    }
    this.handler.io.outbox.flush();
  }

  onSocketClosed(): void {
    this.handler.io.wheel.cancel(this);
    this.reading = Reading.ended;
    this.stash = null;
    const { events } = this;
    this.events = null;
    if (events !== null) events.onRequestFault(new Fault('client_aborted'));
    this.handler.onClosed(this);
    this.handler.io.outbox.flush();
  }

  private processStashed(bytes: Buffer, length: number): void {
    const stash = this.stash!;
    const joined = Buffer.allocUnsafe(stash.length + length);
    stash.copy(joined);
    bytes.copy(joined, stash.length, 0, length);
    this.stash = null;
    // Without a new line end the head cannot have become complete: do not parse it again for every few bytes.
    const mayBeComplete =
      joined.length > this.handler.limits.headerBytesMax || bytes.subarray(0, length).indexOf(0x0a) !== -1;
    if (mayBeComplete || !this.headArriving) this.process(joined, 0, joined.length);
    else this.stash = joined;
  }

  private keep(bytes: Buffer, start: number, end: number): void {
    let fresh = bytes.subarray(start, end);
    // The next read overwrites the read buffer, so its bytes are copied; an earlier stash is not overwritten.
    if (bytes === this.handler.io.readBuffer) fresh = Buffer.from(fresh);
    // Because: only pipelined requests come here, and only few bytes of them before reading is paused.
    this.stash = this.stash === null ? fresh : Buffer.concat([this.stash, fresh]);
    if (this.stash.length > this.handler.limits.headerBytesMax) this.pauseReading();
  }

  private process(bytes: Buffer, start: number, end: number): void {
    if (this.processing) return;
    this.processing = true;
    let at = start;
    while (at < end || this.reading === Reading.body) {
      const before = at;
      const state = this.reading;
      if (state === Reading.head) at = this.readHead(bytes, at, end);
      else if (state === Reading.body) at = this.readBody(bytes, at, end);
      else if (state === Reading.tunnel) {
        this.events?.onRequestBody(bytes, at, end);
        at = end;
      } else if (state === Reading.wait) {
        this.keep(bytes, at, end);
        at = end;
      } else at = end;
      if (at === before && this.reading === state) break;
    }
    this.processing = false;
  }

  private readHead(bytes: Buffer, start: number, end: number): number {
    const { handler } = this;
    const used = parseRequestHead(bytes, start, end, handler.limits);
    if (used > 0) {
      const head = takeRequestHead();
      return this.begin(head, bytes, start + used, end) ? start + used : end;
    }
    if (used < 0) {
      this.refused(new Fault(refusalCode(used)));
      return end;
    }
    // Some clients send an empty line behind a request, which may be the last one of the connection (RFC 9112 section 2.2).
    const isEmptyLine = end - start <= 2 && bytes[start] === 0x0d;
    if (!this.headArriving && !isEmptyLine) {
      this.headArriving = true;
      // The time limit of the first head runs from the start of the connection.
      if (this.requests > 0) this.schedule(handler.limits.headerTimeoutMs);
    }
    this.stash = Buffer.from(bytes.subarray(start, end));
    return end;
  }

  /** Begins an exchange. False when the body bytes that came with the head are malformed, and no exchange began. */
  private begin(head: RequestHead, bytes: Buffer, at: number, end: number): boolean {
    const { handler } = this;
    this.headArriving = false;
    this.requests++;
    this.http10 = head.version === '1.0';
    this.clientCloses = !head.keepAlive;
    this.keepAlive =
      head.keepAlive &&
      (handler.limits.requestsPerConnectionMax === 0 || this.requests < handler.limits.requestsPerConnectionMax);
    this.expectsContinue = head.expectContinue && at === end;
    this.responseStarted = false;
    this.responseDone = false;
    this.probes = 0;
    this.framing = ResponseFraming.none;
    if (head.lengthUnknown) {
      // Body bytes that came with the head are all checked before anything is sent on: a malformed body then reaches no backend.
      const trial = new BodyDecoder(BodyFraming.chunked, 0);
      const refusal = trial.feed(bytes, at, end, nothing);
      if (refusal < 0) {
        this.refused(new Fault(refusalCode(refusal)));
        return false;
      }
      this.bodyAtHand = trial.done;
      this.decoder = new BodyDecoder(BodyFraming.chunked, 0);
    } else {
      this.decoder = head.contentLength === 0 ? null : new BodyDecoder(BodyFraming.length, head.contentLength);
      this.bodyAtHand = head.contentLength <= end - at;
    }
    if (this.decoder === null) {
      this.reading = Reading.wait;
      // No deadline here while the response is awaited: the exchange has its own.
      if (this.halfClosed) this.schedule(HALF_CLOSE_PROBE_MS);
      else this.deadline = Infinity;
    } else {
      this.reading = Reading.body;
      this.startBodyWindow();
    }
    const events = handler.onRequest(this, head);
    head.headers.settle();
    // The response may be complete already (a fixed reply); its exchange then gets no more events.
    if (!this.responseDone) this.events = events;
    return true;
  }

  private readBody(bytes: Buffer, start: number, end: number): number {
    const decoder = this.decoder!;
    const used = decoder.feed(bytes, start, end, this);
    if (used < 0) {
      this.fail(new Fault(refusalCode(used)));
      return end;
    }
    // Handing the pieces over may have ended the exchange or the connection.
    if (decoder === this.decoder && decoder.done) {
      this.decoder = null;
      this.reading = Reading.wait;
      this.stopReadingTime();
      if (this.responseDone) this.nextRequest();
      else this.events?.onRequestEnd(decoder.trailers);
    }
    return start + used;
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    this.events?.onRequestBody(bytes, start, end);
  }

  // ---- Flow of the request's body ------------------------------------------------------------------------------

  pauseRequest(): void {
    if (this.reading === Reading.body || this.reading === Reading.tunnel) {
      this.pauseReading();
      this.stopReadingTime();
    }
  }

  resumeRequest(): void {
    if (this.reading === Reading.body && !this.blocked) this.startBodyWindow();
    this.resumeReading();
  }

  /** Stops the time limit for receiving. A client that does not take its response keeps that deadline: what it sends gains it no time. */
  private stopReadingTime(): void {
    if (!this.blocked) this.deadline = Infinity;
  }

  private pauseReading(): void {
    if (this.paused) return;
    this.paused = true;
    this.socket.pause();
  }

  private resumeReading(): void {
    if (!this.paused) return;
    this.paused = false;
    this.socket.resume();
  }

  private startBodyWindow(): void {
    this.windowBytes = this.decoder?.received ?? 0;
    this.schedule(this.handler.limits.bodyTimeoutMs);
  }

  // ---- Writing the response ------------------------------------------------------------------------------------

  sendInformational(status: number, lines: string): void {
    if (this.http10 || this.responseStarted) return;
    if (status === 100) {
      if (!this.expectsContinue) return;
      this.expectsContinue = false;
    }
    const { outbox } = this.handler.io;
    outbox.begin(this);
    outbox.text(this.behindProbes(`${statusLine(status)}${lines}\r\n`));
  }

  /** The text of a response without the bytes that probes have already sent. */
  private behindProbes(text: string): string {
    const { probes } = this;
    this.probes = 0;
    return probes === 0 ? text : text.slice(probes);
  }

  closeAfter(): void {
    this.keepAlive = false;
  }

  startResponse(status: number, headers: Headers, framing: number, asReceived: boolean): void {
    this.responseStarted = true;
    this.expectsContinue = false;
    this.framing = framing;
    // The request began while bytes of the response before it were being sent: its exchange has not heard yet that there is no room.
    if (this.blocked) this.events?.onResponseBlocked();
    // A request body that is still arriving would have to be read to its end before the next request: close instead.
    if (this.decoder !== null && !this.bodyAtHand) this.keepAlive = false;
    // After the client's FIN, close unless more of its requests may wait: in the stash, or in the bytes that are being processed now.
    if (this.halfClosed && this.stash === null && !this.processing) this.keepAlive = false;
    if (this.handler.draining) this.keepAlive = false;
    const { outbox } = this.handler.io;
    outbox.begin(this);
    if (asReceived && this.probes === 0) headers.writeWithStartLine(outbox);
    else {
      outbox.text(this.behindProbes(statusLine(status)));
      headers.write(outbox);
    }
    let text = '\r\n';
    if (framing === ResponseFraming.tunnel) {
      this.reading = Reading.tunnel;
      this.stopReadingTime();
    } else if (framing === ResponseFraming.unknown) {
      if (this.http10) this.keepAlive = false;
      else text = 'Transfer-Encoding: chunked\r\n\r\n';
    }
    if (framing !== ResponseFraming.tunnel) {
      if (!this.keepAlive) text = `Connection: close\r\n${text}`;
      else if (this.http10) text = `Connection: keep-alive\r\n${text}`;
    }
    outbox.text(text);
    if (framing === ResponseFraming.tunnel) this.openTunnel();
  }

  /** Passes on what the client sent before the switch was known, bytes and FIN: they are meant for the new protocol. */
  private openTunnel(): void {
    const { stash } = this;
    if (stash !== null) {
      this.stash = null;
      this.events?.onRequestBody(stash, 0, stash.length);
      this.resumeReading();
    }
    if (this.halfClosed) this.events?.onRequestEnd(null);
  }

  acceptsSwitch(): boolean {
    return true;
  }

  endTunnelOut(): boolean {
    this.handler.io.outbox.flush();
    this.tunnelOutEnded = true;
    this.endSocket();
    return true;
  }

  sendBody(bytes: Buffer, start: number, end: number): void {
    if (start === end) return;
    const { outbox } = this.handler.io;
    outbox.begin(this);
    if (this.framing === ResponseFraming.unknown && !this.http10) {
      outbox.text(`${(end - start).toString(16)}\r\n`);
      outbox.bytes(bytes, start, end);
      outbox.text('\r\n');
    } else {
      outbox.bytes(bytes, start, end);
    }
  }

  endResponse(trailers: Headers | null): void {
    const { outbox } = this.handler.io;
    if (this.framing === ResponseFraming.unknown && !this.http10) {
      outbox.begin(this);
      outbox.text(trailers === null ? '0\r\n\r\n' : `0\r\n${trailers.lines()}\r\n`);
    }
    this.responseDone = true;
    this.events = null;
    if (this.framing === ResponseFraming.tunnel) {
      outbox.flush();
      this.reading = Reading.discard;
      this.endSocket();
      return;
    }
    // A response that ends before the request's body also ends the connection, but a body that is at hand is read and dropped.
    if (!this.keepAlive) this.close();
    else if (this.reading !== Reading.body) this.nextRequest();
  }

  abortResponse(): void {
    this.events = null;
    this.responseDone = true;
    this.handler.io.outbox.flush();
    if (this.endsWithConnection || this.blocked) cutOff(this.socket);
    else this.socket.destroy();
  }

  /** Whether the response, or the tunnel, ends with the connection: it would look complete after FIN, where any other is visibly cut. */
  private get endsWithConnection(): boolean {
    return this.framing === ResponseFraming.tunnel || (this.http10 && this.framing === ResponseFraming.unknown);
  }

  /** Ends the connection as it stands; called by the gateway when its drain timeout is over. */
  breakOff(): void {
    const { events } = this;
    this.events = null;
    events?.onRequestFault(new Fault('drain_timeout'));
    if (this.socket.destroyed) return;
    if (!this.responseDone && this.endsWithConnection) cutOff(this.socket);
    else this.socket.destroy();
  }

  /** Answers with `text`, a whole response, and closes. Reads on for a moment so that the response arrives. */
  refuse(text: string): void {
    const { outbox } = this.handler.io;
    outbox.begin(this);
    outbox.text(this.behindProbes(text));
    this.responseDone = true;
    this.events = null;
    this.close();
  }

  /** Closes the connection if it is idle; otherwise its response announces the end. Called by the gateway when it drains. One that is due to close very soon keeps that time. */
  drain(): void {
    if (this.idle && this.deadline - this.handler.io.clock.now > DRAIN_GRACE_MS) this.close();
  }

  onSent(full: boolean): void {
    if (full && !this.blocked) {
      this.blocked = true;
      // These are the last bytes of a response: as in `nextRequest`, the next request waits until the client has taken them.
      if (this.reading === Reading.head) {
        this.reading = Reading.wait;
        this.headArriving = false;
      }
      this.startWriteWindow();
      this.events?.onResponseBlocked();
    }
  }

  onWriteFailed(): void {
    this.socket.destroy();
  }

  onDrain(): void {
    if (!this.blocked) return;
    this.blocked = false;
    // While we do not read from the client, no time limit applies to its request body.
    if (this.reading === Reading.body && !this.paused) this.startBodyWindow();
    else if (this.reading === Reading.discard || this.tunnelOutEnded) this.endSocket();
    else this.deadline = Infinity;
    this.events?.onResponseDrained();
    if (this.responseDone && this.reading === Reading.wait) this.nextRequest();
    this.handler.io.outbox.flush();
  }

  private nextRequest(): void {
    // While the client does not read its responses, no further request is served.
    if (this.blocked) {
      this.reading = Reading.wait;
      return;
    }
    // A pipelined request waits until the connection to the endpoint, whose response ends here, is back in its pool: it would open another
    // one, or be refused where no more may be opened.
    if (this.stash !== null && !this.processing) {
      this.reading = Reading.wait;
      this.handler.io.turnEnd.add(this);
      return;
    }
    this.readNext();
  }

  /** Reads the pipelined request that waited for the end of the turn. */
  onTurnEnd(): void {
    if (this.reading !== Reading.wait || !this.responseDone || this.blocked) return;
    const { io } = this.handler;
    io.clock.tick();
    this.readNext();
    io.outbox.flush();
  }

  private readNext(): void {
    const { handler } = this;
    this.reading = Reading.head;
    // In a drain: this response began before it, or it would have announced the close, so the next request may be on its way.
    const { keepAliveTimeoutMs } = handler.limits;
    this.schedule(handler.draining ? Math.min(DRAIN_GRACE_MS, keepAliveTimeoutMs) : keepAliveTimeoutMs);
    // Resume before processing the stash, which may stop reading again: in `keep`, or because the upstream does not take a body.
    this.resumeReading();
    if (this.processing) return;
    const { stash } = this;
    if (stash !== null) {
      this.stash = null;
      handler.io.outbox.flush();
      this.process(stash, 0, stash.length);
    }
    // Nothing will complete a head or a body that a half-closed client left incomplete.
    if (!this.halfClosed) return;
    if (this.reading === Reading.head) this.close();
    else if (this.reading === Reading.body) this.fail(new Fault('client_aborted'));
  }

  /** Sends the bytes that are left, then FIN; reads on for a moment (RFC 9112 section 9.6). */
  private close(): void {
    if (this.reading === Reading.ended || this.reading === Reading.discard) return;
    const complete = this.reading === Reading.wait && this.stash === null;
    this.reading = Reading.discard;
    this.stash = null;
    this.decoder = null;
    this.handler.io.outbox.flush();
    if (this.clientCloses && complete && unsentBytes(this.socket) === 0 && secureWriterOf(this.socket) === undefined) {
      // The client sends no more bytes, which could meet a closed socket: no need to read on. TLS announces its end (RFC 8446 section 6.1).
      this.socket.destroy();
      return;
    }
    this.resumeReading();
    this.endSocket();
  }

  /** Sends FIN once everything else has left: until then the client can still be cut off with RST. */
  private endSocket(): void {
    const { socket } = this;
    if (this.reading === Reading.ended) return;
    // A stream that does not ask to wait for 'drain' would not report that it is empty: it sends FIN after its bytes by itself.
    if (unsentBytes(socket) > 0 && (socket.writableLength === 0 || socket.writableNeedDrain)) {
      this.blocked = true;
      this.startWriteWindow();
      return;
    }
    if (!socket.writableEnded) socket.end();
    if (this.reading === Reading.discard) this.schedule(LINGER_MS);
    else this.deadline = Infinity;
  }

  /** The client's message is at fault: tells the exchange, or the handler when there is none. */
  private fail(fault: Fault): void {
    const { events } = this;
    this.decoder = null;
    this.reading = Reading.wait;
    this.keepAlive = false;
    if (events === null) this.refused(fault);
    else events.onRequestFault(fault);
  }

  private refused(fault: Fault): void {
    this.keepAlive = false;
    this.handler.onMalformed(this, fault);
  }

  // ---- Time ----------------------------------------------------------------------------------------------------

  onDeadline(now: number): void {
    const { limits, io } = this.handler;
    io.clock.now = now;
    if (this.blocked) {
      this.checkWriteWindow();
    } else if (this.reading === Reading.head) {
      if (this.headArriving) this.refused(new Fault('header_timeout'));
      else this.close();
    } else if (this.reading === Reading.body) {
      const received = this.decoder!.received - this.windowBytes;
      if (received === 0 || received * 1000 < limits.minimumRateBytesPerSecond * limits.bodyTimeoutMs) {
        this.fail(new Fault('body_timeout'));
      } else this.startBodyWindow();
    } else if (this.reading === Reading.discard) {
      if (unsentBytes(this.socket) > 0) this.checkWriteWindow();
      else this.socket.destroy();
    } else if (this.reading === Reading.wait && this.halfClosed && !this.responseStarted) {
      if (this.probes === PROBE_BYTES.length) return;
      const { outbox } = io;
      outbox.begin(this);
      outbox.text(PROBE_BYTES[this.probes]!);
      this.schedule(++this.probes === 1 ? SECOND_PROBE_MS : LATER_PROBES_MS);
    }
  }

  private startWriteWindow(): void {
    this.windowBytes = bytesTaken(this.socket);
    this.schedule(this.handler.limits.writeTimeoutMs);
  }

  /** A client that takes less than the minimum rate over a whole window is cut off. */
  private checkWriteWindow(): void {
    const { limits } = this.handler;
    const taken = bytesTaken(this.socket) - this.windowBytes;
    if (taken === 0 || taken * 1000 < limits.minimumRateBytesPerSecond * limits.writeTimeoutMs) {
      cutOff(this.socket);
    } else this.startWriteWindow();
  }

  private schedule(delayMs: number): void {
    const { io } = this.handler;
    io.wheel.schedule(this, io.clock.now + delayMs);
  }
}
