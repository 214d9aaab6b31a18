// One HTTP/2 connection to an endpoint (RFC 9113): many requests at once, each a stream in client-stream.ts. Knows frames, limits and
// times; which connection a request gets is the pool's business. Longer than most files because it is one state machine.

import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Fault } from '../../base/fault.ts';
import { type Timed, UNSCHEDULED } from '../../base/timer-wheel.ts';
import { allowedTrailers } from '../../http/h1/body-decoder.ts';
import type { HeadLimits } from '../../http/h1/field-lines.ts';
import { ErrorCode, errorName } from '../../http/h2/error-code.ts';
import { FloodGuard } from '../../http/h2/flood-guard.ts';
import { ReceiveWindow, SendWindow, WINDOW_DEFAULT } from '../../http/h2/flow-window.ts';
import { clientPreface, STREAM_ID_MAX } from '../../http/h2/frame.ts';
import { type FrameHandler, FrameReader } from '../../http/h2/frame-reader.ts';
import { HpackDecoder } from '../../http/h2/hpack/decoder.ts';
import { RequestBlock } from '../../http/h2/request-block.ts';
import { type ResponseMessage, readResponse } from '../../http/h2/response-message.ts';
import { PeerSettings, Setting, settingsPayload } from '../../http/h2/settings.ts';
import { readTrailers } from '../../http/h2/trailers.ts';
import { listenTo, readInto, type SocketEvents } from '../accepted-socket.ts';
import { connectFault } from '../connect-failure.ts';
import { connectPlace } from '../connect-place.ts';
import type { ThreadIo } from '../io.ts';
import { bytesTaken } from '../progress.ts';
import { isTlsError } from '../tls/client-tls.ts';
import type { ConnectionTarget } from '../upstream-connection.ts';
import { ClientStream } from './client-stream.ts';
import { FrameOutbox, type FrameOutboxOwner } from './frame-outbox.ts';
import { defaultHttp2Limits } from './http2-limits.ts';
import { StreamTable } from './stream-table.ts';
import { StreamTurns } from './stream-turns.ts';

/** What a pool sets for its connections. */
export interface ClientConnectionSettings {
  /** The most streams that are open at once; the endpoint may allow fewer. */
  readonly maxStreams: number;
  /** Requests after which a connection takes no more; 0 for no limit. */
  readonly maxRequests: number;
  readonly connectTimeoutMs: number;
  /** How long a connection may stay without a stream; 0 is no limit. */
  readonly idleTimeoutMs: number;
  /**
   * Flow-control windows in bytes, what an endpoint may send of responses before they are taken: of a stream as it begins, of a stream
   * whose client keeps up, and of the whole connection.
   */
  readonly initialWindow: number;
  readonly widestWindow: number;
  readonly connectionWindow: number;
  /** While streams are open: after this long without a byte a PING is sent; after as long again without one, the connection is gone. */
  readonly pingIntervalMs: number;
}

/** The owner of connections, such as the pool of an endpoint. */
export interface ClientConnectionOwner {
  readonly io: ThreadIo;
  readonly headLimits: HeadLimits;
  /** The connection takes streams from now on. */
  onReady(connection: ClientConnection): void;
  /** The connection failed before it was ready; no other event follows. */
  onConnectFailed(connection: ClientConnection, fault: Fault): void;
  /** The endpoint chose HTTP/1.1 where both were offered. The connection is closed, and no other event follows. */
  onOtherProtocol(connection: ClientConnection): void;
  /** There may be room for a stream: one is over, the endpoint changed its settings, or it has taken the bytes that waited. */
  onRoom(connection: ClientConnection): void;
  /** The connection takes no new streams from now on; those that are open go on. */
  onLeaving(connection: ClientConnection): void;
  /**
   * The endpoint ends the connection, after so many requests and so much time since it was ready. Comes before `onLeaving`; not when the
   * endpoint wants HTTP/1.1 instead.
   */
  onGoaway?(requests: number, ageMs: number): void;
  /** The connection is gone. Comes once for each connection that was ready. */
  onClosed(connection: ClientConnection): void;
}

const BLOCK_BYTES_PER_HEADER_BYTE = 2;
const BLOCK_BYTES_EXTRA = 16_384;
const TABLE_BYTES = 4_096;
/** Bytes that may wait for an endpoint that does not read; beyond this it gets no new streams, and nothing is read from it, either. */
const HELD_BYTES_MAX = 256 * 1_024;
/** The connection to an endpoint that takes no byte for this many PING intervals is given up. */
const STUCK_INTERVALS = 2;
const alivePing = Buffer.from('cardea-u');

const Phase = { connecting: 0, greeting: 1, open: 2, leaving: 3, closed: 4 } as const;

/** The cause of a fault, for the operator: the endpoint broke a rule. */
function brokenRule(code: number): string {
  return `It broke a rule of HTTP/2 (${errorName(code)}).`;
}

/** One per thread is enough: a block is written and sent in one go. */
const block = new RequestBlock();

export class ClientConnection implements Timed, SocketEvents, FrameHandler, FrameOutboxOwner {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  readonly socket: Socket;
  readonly io: ThreadIo;
  readonly settings: ClientConnectionSettings;
  readonly outbox: FrameOutbox;
  readonly turns: StreamTurns<ClientStream>;
  private readonly target: ConnectionTarget;
  private readonly offersHttp1: boolean;
  private readonly owner: ClientConnectionOwner;
  private readonly reader: FrameReader;
  private readonly decoder: HpackDecoder<ResponseMessage>;
  private readonly peer: PeerSettings;
  private readonly streams: StreamTable<ClientStream>;
  private readonly guard: FloodGuard;
  private readonly sendWindow: SendWindow;
  private readonly receiveWindow: ReceiveWindow;
  private phase: number;
  private nextId: number;
  /** Streams given out and not over, including those whose heads were not sent yet. */
  private openStreams: number;
  /** Requests that this connection has been given so far. */
  private requests: number;
  private readyAt: number;
  private dataStream: ClientStream | null;
  private dataLength: number;
  private dataEnds: boolean;
  private dataSeen: boolean;
  private tableUpdateDue: boolean;
  private readAt: number;
  private pingSentAt: number;
  private idleSince: number;
  /** Bytes that the endpoint had taken at the last check, and since when that number has not changed. */
  private taken: number;
  private takenAt: number;
  private paused: boolean;
  /** The endpoint has said by GOAWAY that it wants HTTP/1.1 instead (HTTP_1_1_REQUIRED, RFC 9113 section 7). */
  private wantsHttp1: boolean;

  /** `offersHttp1`: HTTP/1.1 is offered as well (ALPN), and the endpoint chooses. */
  constructor(
    target: ConnectionTarget,
    offersHttp1: boolean,
    settings: ClientConnectionSettings,
    owner: ClientConnectionOwner,
  ) {
    const { io, headLimits } = owner;
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.io = io;
    this.settings = settings;
    this.target = target;
    this.offersHttp1 = offersHttp1;
    this.owner = owner;
    this.reader = new FrameReader(this, headLimits.headerBytesMax * BLOCK_BYTES_PER_HEADER_BYTE + BLOCK_BYTES_EXTRA);
    this.decoder = new HpackDecoder(TABLE_BYTES);
    this.peer = new PeerSettings();
    this.peer.pushEnabled = false;
    this.streams = new StreamTable();
    this.guard = new FloodGuard(defaultHttp2Limits, io.clock.now);
    this.sendWindow = new SendWindow(WINDOW_DEFAULT);
    this.receiveWindow = new ReceiveWindow(Math.max(settings.connectionWindow, WINDOW_DEFAULT));
    this.phase = Phase.connecting;
    this.nextId = 1;
    this.openStreams = 0;
    this.requests = 0;
    this.readyAt = 0;
    this.dataStream = null;
    this.dataLength = 0;
    this.dataEnds = false;
    this.dataSeen = false;
    this.tableUpdateDue = false;
    this.readAt = io.clock.now;
    this.pingSentAt = 0;
    this.idleSince = io.clock.now;
    this.taken = 0;
    this.takenAt = io.clock.now;
    this.paused = false;
    this.wantsHttp1 = false;
    const { tls } = target;
    const onread = readInto(io.readBuffer);
    this.socket =
      tls === null
        ? connect({ ...connectPlace(target.host, target.port), noDelay: true, allowHalfOpen: true, onread })
        : tls.connect(onread, () => this.onSecured(), offersHttp1 ? ['h2', 'http/1.1'] : ['h2']);
    listenTo(this.socket, this);
    this.outbox = new FrameOutbox(this.socket, io, this);
    this.turns = new StreamTurns(this.outbox, this.sendWindow);
    if (tls === null) this.socket.once('connect', () => this.greet());
    this.socket.once('error', (error: NodeJS.ErrnoException) => this.onConnectError(error));
    io.wheel.schedule(this, io.clock.now + settings.connectTimeoutMs);
  }

  private onSecured(): void {
    // Because: `connect` of a TLS target makes a TLS socket.
    const { alpnProtocol } = this.socket as TLSSocket;
    if (alpnProtocol === 'h2') {
      this.greet();
      return;
    }
    if (this.phase !== Phase.connecting) return;
    if (!this.offersHttp1) {
      this.failConnect(new Fault('upstream_connect_failed', '', 'it does not speak HTTP/2 (ALPN)'));
      return;
    }
    this.phase = Phase.closed;
    this.io.wheel.cancel(this);
    this.socket.destroy();
    this.owner.onOtherProtocol(this);
    this.io.outbox.flush();
  }

  private greet(): void {
    if (this.phase !== Phase.connecting) return;
    this.io.clock.tick();
    this.phase = Phase.greeting;
    const { settings, outbox } = this;
    outbox.raw(clientPreface);
    outbox.settings(
      settingsPayload([
        [Setting.enablePush, 0],
        [Setting.initialWindowSize, settings.initialWindow],
        [Setting.maxHeaderListSize, this.owner.headLimits.headerBytesMax],
      ]),
    );
    if (settings.connectionWindow > WINDOW_DEFAULT) outbox.windowUpdate(0, settings.connectionWindow - WINDOW_DEFAULT);
    outbox.flush();
  }

  // ---- Streams -------------------------------------------------------------------------------------------------

  /** Whether another stream may be opened now. */
  get hasRoom(): boolean {
    return (
      this.phase === Phase.open &&
      this.openStreams < Math.min(this.settings.maxStreams, this.peer.concurrentStreamsMax) &&
      this.outbox.held <= HELD_BYTES_MAX
    );
  }

  /** Streams given out and not over. */
  get load(): number {
    return this.openStreams;
  }

  /** Whether the endpoint takes an extended CONNECT (RFC 8441 section 3). */
  get takesTunnels(): boolean {
    return this.peer.connectProtocol;
  }

  /** Gives out a stream for one request. Call only when `hasRoom`. */
  open(): ClientStream {
    const { settings } = this;
    this.openStreams++;
    this.requests++;
    const stream = new ClientStream(this, this.peer.initialWindow, this.requests, block);
    const last = settings.maxRequests !== 0 && this.requests >= settings.maxRequests;
    if (last || this.nextId + 2 * this.openStreams > STREAM_ID_MAX - 2) this.leave();
    return stream;
  }

  /** Opens the stream with the head that was just written to the block. */
  sendHead(stream: ClientStream, endStream: boolean): void {
    const wasIdle = this.streams.size === 0;
    stream.id = this.nextId;
    this.nextId += 2;
    this.streams.add(stream);
    this.guard.useful();
    this.sendBlock(stream.id, endStream);
    if (wasIdle) {
      this.readAt = this.io.clock.now;
      this.pingSentAt = 0;
      this.watch(this.settings.pingIntervalMs);
    }
  }

  /** Sends the header block that was just written. */
  sendBlock(streamId: number, endStream: boolean): void {
    const { writer } = block;
    if (this.tableUpdateDue) {
      this.tableUpdateDue = false;
      const written = writer.taken();
      writer.begin();
      writer.emptyTable();
      writer.append(written);
    }
    this.outbox.headers(streamId, writer.bytes, writer.length, endStream);
  }

  resetStream(stream: ClientStream, code: number): void {
    this.outbox.reset(stream.id, code);
  }

  /** This many bytes of a message were sent or received: they pay for the frames that the endpoint sends because of them. */
  onUseful(bytes: number): void {
    this.guard.useful(bytes);
  }

  onStreamClosed(stream: ClientStream): void {
    if (stream.id !== 0) this.streams.remove(stream);
    if (stream === this.dataStream) this.dataStream = null;
    this.openStreams--;
    if (this.phase === Phase.closed) return;
    if (this.openStreams === 0) {
      if (this.phase === Phase.leaving) {
        this.close();
        return;
      }
      this.rest();
    }
    if (this.phase === Phase.open) this.owner.onRoom(this);
  }

  /** Limits the time without a stream, which begins now. */
  private rest(): void {
    this.idleSince = this.io.clock.now;
    if (this.restMs !== 0) this.watch(this.restMs);
  }

  /**
   * How long the connection may stay without a stream; 0 for no limit. An endpoint that takes no streams any more has as long as it had to take
   * the first: requests may be waiting for the place of this connection.
   */
  private get restMs(): number {
    const { idleTimeoutMs, connectTimeoutMs } = this.settings;
    if (this.peer.concurrentStreamsMax > 0) return idleTimeoutMs;
    return idleTimeoutMs === 0 ? connectTimeoutMs : Math.min(idleTimeoutMs, connectTimeoutMs);
  }

  // ---- Reading -------------------------------------------------------------------------------------------------

  onRead(bytes: Buffer, length: number): boolean {
    this.readAt = this.io.clock.tick();
    if (this.phase !== Phase.closed) {
      const error = this.reader.feed(bytes, 0, length);
      if (error !== 0) this.breakOff(error);
      else if (this.outbox.held > HELD_BYTES_MAX) this.pauseReading();
    }
    this.io.outbox.flush();
    return !this.paused;
  }

  private pauseReading(): void {
    if (this.paused || this.phase === Phase.closed) return;
    this.paused = true;
    this.socket.pause();
  }

  onDataStart(streamId: number, length: number, endStream: boolean): number {
    if (!this.receiveWindow.take(length)) return ErrorCode.flowControlError;
    this.dataLength = length;
    this.dataEnds = endStream;
    this.dataSeen = false;
    this.dataStream = this.streams.find(streamId);
    if (this.dataStream === null) return this.wasOpened(streamId) ? 0 : ErrorCode.protocolError;
    const error = this.dataStream.takeData(length, endStream);
    if (error === 0) return 0;
    this.dataStream.fail(error, 'upstream_malformed_response', brokenRule(error));
    this.dataStream = null;
    return 0;
  }

  onData(bytes: Buffer, start: number, end: number): void {
    this.dataSeen = true;
    this.dataStream?.onData(bytes, start, end);
  }

  onDataEnd(): number {
    const { dataStream, dataLength } = this;
    this.dataStream = null;
    // Room in the connection's window is given back at once: a paused stream must not hold up the others.
    const increment = this.receiveWindow.release(dataLength);
    if (increment > 0) this.outbox.windowUpdate(0, increment);
    if (!this.dataSeen && !this.dataEnds && !this.guard.idleFrame(this.io.clock.now)) return ErrorCode.enhanceYourCalm;
    if (dataStream === null) return 0;
    if (this.dataEnds) dataStream.onRemoteEnd(null);
    else dataStream.onDataEnd(dataLength);
    return 0;
  }

  /** Whether this id, which is not open, was one of our streams. Frames for it may still be on their way. */
  private wasOpened(streamId: number): boolean {
    return (streamId & 1) === 1 && streamId < this.nextId;
  }

  onHeaders(streamId: number, endStream: boolean, bytes: Buffer, start: number, end: number): number {
    const { headLimits } = this.owner;
    const decoded = this.decoder.decode(bytes, start, end, headLimits.headerBytesMax);
    if (decoded === null) return ErrorCode.compressionError;
    const stream = this.streams.find(streamId);
    if (stream === null) return this.wasOpened(streamId) ? this.idleFrame() : ErrorCode.protocolError;
    if (!stream.headSeen) {
      stream.onHeaders(readResponse(decoded, headLimits), endStream);
      return 0;
    }
    const trailers = endStream ? readTrailers(decoded) : null;
    if (trailers === null)
      stream.fail(
        ErrorCode.protocolError,
        'upstream_malformed_response',
        'What stands behind its head are no trailers.',
      );
    else stream.onRemoteEnd(trailers.size === 0 ? null : allowedTrailers(trailers));
    return 0;
  }

  onPriority(): number {
    return this.idleFrame();
  }

  onReset(streamId: number, code: number): number {
    const stream = this.streams.find(streamId);
    if (stream === null) return this.wasOpened(streamId) ? this.idleFrame() : ErrorCode.protocolError;
    stream.onReset(code);
    return 0;
  }

  onSettings(bytes: Buffer, start: number, end: number): number {
    const { peer } = this;
    if (!this.guard.settings(this.io.clock.now)) return ErrorCode.enhanceYourCalm;
    const before = peer.initialWindow;
    const tableBefore = peer.headerTableBytes;
    const streamsBefore = peer.concurrentStreamsMax;
    const error = peer.apply(bytes, start, end);
    if (error !== 0) return error;
    // A server must not set ENABLE_PUSH to 1, even if it never pushes (RFC 9113 section 6.5.2).
    if (peer.pushEnabled) return ErrorCode.protocolError;
    if (peer.headerTableBytes < tableBefore) this.tableUpdateDue = true;
    this.outbox.settingsAck();
    const change = peer.initialWindow - before;
    if (change !== 0) {
      for (const stream of this.streams.list()) if (!stream.growWindow(change)) return ErrorCode.flowControlError;
      if (change > 0) this.turns.serve();
    }
    if (this.phase === Phase.greeting) {
      // An endpoint that allows no streams is not ready yet; the connect timeout limits how long that may take.
      if (peer.concurrentStreamsMax === 0) return 0;
      this.phase = Phase.open;
      this.readyAt = this.io.clock.now;
      this.io.wheel.unschedule(this);
      if (this.settings.idleTimeoutMs !== 0) this.watch(this.settings.idleTimeoutMs);
      this.owner.onReady(this);
    } else if (this.phase === Phase.open) {
      if (peer.concurrentStreamsMax !== streamsBefore && this.openStreams === 0) this.rest();
      this.owner.onRoom(this);
    }
    return 0;
  }

  onSettingsAck(): number {
    return this.idleFrame();
  }

  onPing(bytes: Buffer, start: number): number {
    if (!this.guard.idleFrame(this.io.clock.now)) return ErrorCode.enhanceYourCalm;
    this.outbox.ping(bytes, start, true);
    return 0;
  }

  onPingAck(): number {
    this.pingSentAt = 0;
    return this.idleFrame();
  }

  /** The endpoint accepts no more streams; those above `lastStreamId` were not processed and may be sent again (RFC 9113 section 6.8). */
  onGoaway(lastStreamId: number, code: number): number {
    if (code === ErrorCode.http11Required) this.wantsHttp1 = true;
    if (this.phase === Phase.greeting) {
      // The owner was not told that the connection is ready, so it is told of a failure instead of `onLeaving`.
      this.failConnect(new Fault('upstream_connect_failed', '', 'it accepts no requests'));
      return 0;
    }
    // An endpoint that wants HTTP/1.1 is not about to leave.
    if (this.phase === Phase.open && !this.wantsHttp1)
      this.owner.onGoaway?.(this.requests, this.io.clock.now - this.readyAt);
    this.leave();
    for (const stream of this.streams.list())
      if (stream.id > lastStreamId) stream.onConnectionLost(false, this.wantsHttp1);
    return 0;
  }

  onWindowUpdate(streamId: number, increment: number): number {
    if (!this.guard.idleFrame(this.io.clock.now)) return ErrorCode.enhanceYourCalm;
    if (streamId === 0) {
      if (increment === 0) return ErrorCode.protocolError;
      if (!this.sendWindow.grow(increment)) return ErrorCode.flowControlError;
      this.turns.serve();
      return 0;
    }
    const stream = this.streams.find(streamId);
    if (stream === null) return this.wasOpened(streamId) ? 0 : ErrorCode.protocolError;
    if (increment === 0)
      stream.fail(ErrorCode.protocolError, 'upstream_malformed_response', brokenRule(ErrorCode.protocolError));
    else if (!stream.growWindow(increment))
      stream.fail(ErrorCode.flowControlError, 'upstream_malformed_response', brokenRule(ErrorCode.flowControlError));
    else if (stream.waiting) this.turns.serve();
    return 0;
  }

  onUnknown(): number {
    return this.idleFrame();
  }

  private idleFrame(): number {
    return this.guard.idleFrame(this.io.clock.now) ? 0 : ErrorCode.enhanceYourCalm;
  }

  // ---- The outbox and the socket -------------------------------------------------------------------------------

  onOutboxBlocked(): void {
    this.takenAt = this.io.clock.now;
    this.taken = bytesTaken(this.socket);
  }

  onOutboxDrained(): void {
    if (this.phase === Phase.closed) return;
    this.turns.serve();
    if (this.paused && this.outbox.held <= HELD_BYTES_MAX) {
      this.paused = false;
      this.socket.resume();
    }
    if (this.phase === Phase.open) this.owner.onRoom(this);
  }

  /** The endpoint takes no more bytes. What it sent before is still read to the end: responses, and which streams it did not process. */
  onWriteFailed(): void {
    if (this.phase < Phase.open) this.lose();
    else this.leave();
  }

  onDrain(): void {}

  onEnd(): void {
    this.io.clock.tick();
    this.lose();
    this.io.outbox.flush();
  }

  onSocketClosed(): void {
    this.lose();
    this.io.outbox.flush();
  }

  private onConnectError(error: NodeJS.ErrnoException): void {
    // With TLS 1.3 an endpoint refuses our certificate only after the handshake.
    if (this.phase !== Phase.connecting && !(this.phase === Phase.greeting && isTlsError(error))) return;
    const reason = this.target.tls?.failure(error) ?? null;
    if (reason !== null) this.failConnect(new Fault('upstream_tls_failed', '', reason));
    else this.failConnect(connectFault(error));
    this.io.outbox.flush();
  }

  // ---- The end -------------------------------------------------------------------------------------------------

  /** Takes no new streams from now on; closes once the open ones are done. */
  leave(): void {
    if (this.phase >= Phase.leaving) return;
    const wasOpen = this.phase === Phase.open;
    this.phase = Phase.leaving;
    if (wasOpen) this.owner.onLeaving(this);
    if (this.openStreams === 0) this.close();
  }

  /** Closes a connection without streams. */
  private close(): void {
    this.outbox.goaway(0, ErrorCode.noError);
    this.outbox.flush();
    // Bytes that are stuck would keep the socket from ever ending; `lose` then destroys it.
    if (!this.outbox.blocked) this.socket.end();
    this.lose();
  }

  /** The endpoint broke a rule of the connection, which ends with this error code. */
  private breakOff(code: number): void {
    if (this.phase === Phase.connecting || this.phase === Phase.greeting) {
      this.failConnect(new Fault('upstream_connect_failed', '', 'it does not answer in HTTP/2'));
      return;
    }
    this.outbox.goaway(0, code);
    this.outbox.flush();
    this.lose(new Fault('upstream_malformed_response', '', brokenRule(code)));
  }

  private failConnect(fault: Fault): void {
    this.phase = Phase.closed;
    this.io.wheel.cancel(this);
    this.socket.destroy();
    this.owner.onConnectFailed(this, fault);
  }

  /** Ends the connection and all its streams, with `fault`; null: as streams that the endpoint may have processed. */
  private lose(fault: Fault | null = null): void {
    if (this.phase === Phase.closed) return;
    if (this.phase < Phase.open) {
      this.failConnect(new Fault('upstream_connect_failed', '', 'it closed the connection before it sent anything'));
      return;
    }
    this.phase = Phase.closed;
    this.io.wheel.cancel(this);
    if (!this.socket.writableEnded) this.socket.destroy();
    // Because: a socket that was told to end closes by itself once the last frames have left; its reading half is of no use.
    else this.socket.destroySoon();
    this.owner.onClosed(this);
    for (const stream of this.streams.list()) {
      if (fault === null) stream.onConnectionLost(true, this.wantsHttp1);
      else stream.lose(fault);
    }
  }

  // ---- Time ----------------------------------------------------------------------------------------------------

  onDeadline(now: number): void {
    const { io, settings } = this;
    io.clock.now = now;
    if (this.phase < Phase.open) {
      this.failConnect(new Fault('upstream_connect_timeout'));
      return;
    }
    if (this.openStreams === 0) {
      const left = this.restMs === 0 ? Infinity : this.idleSince + this.restMs - now;
      if (left <= 0) this.leave();
      else this.watch(left);
      return;
    }
    if (this.isStuck(now)) {
      this.lose();
      return;
    }
    if (this.pingSentAt !== 0 && this.readAt < this.pingSentAt) {
      if (now - this.pingSentAt >= settings.pingIntervalMs) this.lose();
      else this.watch(this.pingSentAt + settings.pingIntervalMs - now);
    } else if (now - this.readAt >= settings.pingIntervalMs) {
      this.pingSentAt = now;
      this.outbox.ping(alivePing, 0, false);
      this.watch(settings.pingIntervalMs);
    } else this.watch(this.readAt + settings.pingIntervalMs - now);
  }

  /** Whether the endpoint has taken no bytes for too long. It may still send, but no request reaches it. */
  private isStuck(now: number): boolean {
    if (!this.outbox.blocked) return false;
    const taken = bytesTaken(this.socket);
    if (taken !== this.taken) {
      this.taken = taken;
      this.takenAt = now;
    }
    return now - this.takenAt >= STUCK_INTERVALS * this.settings.pingIntervalMs;
  }

  private watch(delayMs: number): void {
    this.io.wheel.schedule(this, this.io.clock.now + delayMs);
  }
}
