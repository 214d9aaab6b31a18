// One HTTP/2 client connection (RFC 9113): reads frames from a socket, makes a request of each stream's frames, gathers the frames of all
// responses. Knows frames, limits and times; the streams are in server-stream.ts. Longer than most files because it is one state machine.

import type { Socket } from 'node:net';
import { Fault, type FaultCode } from '../../base/fault.ts';
import { allowedTrailers } from '../../http/h1/body-decoder.ts';
import { ErrorCode } from '../../http/h2/error-code.ts';
import { FloodGuard } from '../../http/h2/flood-guard.ts';
import { ReceiveWindow, SendWindow, WINDOW_DEFAULT } from '../../http/h2/flow-window.ts';
import { clientPreface, STREAM_ID_MAX } from '../../http/h2/frame.ts';
import { type FrameHandler, FrameReader } from '../../http/h2/frame-reader.ts';
import { HpackDecoder } from '../../http/h2/hpack/decoder.ts';
import { type RequestMessage, readRequest, Verdict } from '../../http/h2/request-message.ts';
import { ResponseBlock } from '../../http/h2/response-block.ts';
import { PeerSettings, Setting, settingsPayload } from '../../http/h2/settings.ts';
import { readTrailers } from '../../http/h2/trailers.ts';
import type { RequestHead } from '../../http/request-head.ts';
import type { Http2Reason } from '../../telemetry/http2-reasons.ts';
import type { SocketEvents } from '../accepted-socket.ts';
import type { Client } from '../client.ts';
import { cutOff } from '../cut-off.ts';
import type { ConnectionLimits } from '../downstream-connection.ts';
import type { RequestEvents } from '../exchange-ends.ts';
import type { ThreadIo } from '../io.ts';
import { unsentBytes } from '../progress.ts';
import { ConnectionWatch, type TimeUp, type WatchedConnection } from './connection-watch.ts';
import { FrameOutbox, type FrameOutboxOwner } from './frame-outbox.ts';
import type { Http2Limits } from './http2-limits.ts';
import { RecentResets } from './recent-resets.ts';
import { ServerStream } from './server-stream.ts';
import { StreamTable } from './stream-table.ts';
import { StreamTurns } from './stream-turns.ts';

/** Turns the streams of a connection into exchanges. */
export interface ServerConnectionHandler {
  readonly io: ThreadIo;
  readonly limits: ConnectionLimits;
  readonly http2: Http2Limits;
  readonly draining: boolean;
  /** The head of a request is complete. The response goes through the stream, now or later. Returns the receiver of the rest. */
  onStreamRequest(stream: ServerStream, head: RequestHead): RequestEvents;
  /** A request gets no exchange. `answered`: the handler refuses it on the stream, in `RefusalForm` `form`; else the stream is reset. */
  onStreamRefused(stream: ServerStream, fault: Fault, answered: boolean, form: number): void;
  /** The client broke a rule or exceeded a limit; `reason` is to be counted. */
  onHttp2Error(reason: Http2Reason): void;
  onBytes(received: number): void;
  onHttp2Closed(connection: ServerConnection): void;
}

/** Size of the largest encoded header block: leaves room for a head over the limit, so that it can still be answered. */
const BLOCK_BYTES_PER_HEADER_BYTE = 2;
const BLOCK_BYTES_EXTRA = 16_384;
/** Bytes that may wait for a client that does not read; beyond this nothing is read from the client, either. */
const HELD_BYTES_MAX = 256 * 1024;
/**
 * How long a connection that is over is still read, so that our last frames arrive. A client that still takes the last responses from the
 * kernel sends WINDOW_UPDATE, and a closed socket would answer that with RST, which discards the rest of them: each read prolongs this time.
 */
const LINGER_MS = 1_000;
/** The longest time between the announcement that a connection will close and the end of accepting new streams. */
const DRAIN_GRACE_MS = 250;
/** Beyond this id the end of the connection is announced: no client needs more ids on one connection. */
const LAST_STREAM_ID = 0x40000000;
/** Size of the table for decoding header blocks: the one that every peer starts with. */
const TABLE_BYTES = 4096;

const drainPing = Buffer.from('cardea-d');
const alivePing = Buffer.from('cardea-a');
/** Delay of the second PING after the client's FIN: only another write shows that the first was answered by a reset. */
const SECOND_PING_MS = 100;

const Phase = { preface: 0, open: 1, announced: 2, leaving: 3, ended: 4 } as const;

/** One per thread is enough: a block is written and sent in one go. */
const block = new ResponseBlock();

export class ServerConnection implements SocketEvents, FrameHandler, FrameOutboxOwner, WatchedConnection {
  readonly socket: Socket;
  readonly handler: ServerConnectionHandler;
  readonly client: Client;
  readonly outbox: FrameOutbox;
  readonly block: ResponseBlock;
  readonly turns: StreamTurns<ServerStream>;
  /** Bytes of all responses' bodies that were put into frames so far. */
  sentBytes: number;
  /** Bytes of all responses that wait for the client, with the additional cost of each piece (`ServerStream`). */
  private held: number;
  private readonly watch: ConnectionWatch;
  private readonly reader: FrameReader;
  private readonly decoder: HpackDecoder<RequestMessage>;
  private readonly peer: PeerSettings;
  private readonly streams: StreamTable<ServerStream>;
  private readonly resets: RecentResets;
  private readonly guard: FloodGuard;
  private readonly sendWindow: SendWindow;
  private readonly receiveWindow: ReceiveWindow;
  private phase: number;
  private prefaceSeen: number;
  private lastStreamId: number;
  /** The last stream that a GOAWAY named as one that may be processed: later ones must not name a higher one (RFC 9113 section 6.8). */
  private lastProcessed: number;
  private requests: number;
  /** The DATA frame that is coming in: its stream (null if that is not open), its length, and whether it ends the stream. */
  private dataStream: ServerStream | null;
  private dataLength: number;
  private dataEnds: boolean;
  /** The DATA frame holds more than padding. */
  private dataSeen: boolean;
  private paused: boolean;
  /** The peer made its header table smaller: the next block says that we use none of it. */
  private tableUpdateDue: boolean;
  /** What the client did wrong while frames were being read; handled once they are read. Null for nothing. */
  private violation: Http2Reason | null;
  /** The client has acknowledged our SETTINGS. */
  private settingsAcknowledged: boolean;
  /** Until when bytes of the client, behind our FIN, prolong the time for which a connection that is over is read; 0 after an error. */
  private lingersUntil: number;

  constructor(socket: Socket, client: Client, handler: ServerConnectionHandler) {
    const { io, http2, limits } = handler;
    this.socket = socket;
    this.client = client;
    this.handler = handler;
    this.outbox = new FrameOutbox(socket, io, this);
    this.block = block;
    this.reader = new FrameReader(this, limits.headerBytesMax * BLOCK_BYTES_PER_HEADER_BYTE + BLOCK_BYTES_EXTRA);
    this.decoder = new HpackDecoder(TABLE_BYTES);
    this.peer = new PeerSettings();
    this.streams = new StreamTable();
    this.resets = new RecentResets();
    this.guard = new FloodGuard(http2, io.clock.now);
    this.sendWindow = new SendWindow(WINDOW_DEFAULT);
    this.receiveWindow = new ReceiveWindow(Math.max(http2.connectionWindow, WINDOW_DEFAULT));
    this.turns = new StreamTurns(this.outbox, this.sendWindow);
    this.watch = new ConnectionWatch(this, handler);
    this.sentBytes = 0;
    this.held = 0;
    this.phase = Phase.preface;
    this.prefaceSeen = 0;
    this.lastStreamId = 0;
    this.lastProcessed = STREAM_ID_MAX;
    this.requests = 0;
    this.dataStream = null;
    this.dataLength = 0;
    this.dataEnds = false;
    this.dataSeen = false;
    this.paused = false;
    this.tableUpdateDue = false;
    this.violation = null;
    this.settingsAcknowledged = false;
    this.lingersUntil = 0;
    this.greet();
    this.watch.awaitStep(limits.headerTimeoutMs);
  }

  private greet(): void {
    const { http2, limits } = this.handler;
    this.outbox.settings(
      settingsPayload([
        [Setting.maxConcurrentStreams, http2.maxConcurrentStreams],
        [Setting.initialWindowSize, http2.initialWindow],
        [Setting.maxHeaderListSize, limits.headerBytesMax],
        [Setting.enableConnectProtocol, 1],
      ]),
    );
    if (http2.connectionWindow > WINDOW_DEFAULT) this.outbox.windowUpdate(0, http2.connectionWindow - WINDOW_DEFAULT);
  }

  /** No stream is open. */
  get idle(): boolean {
    return this.streams.size === 0;
  }

  /** What a client may send on a new stream: as long as it may not know our SETTINGS yet, the initial window of RFC 9113 section 6.9.2. */
  get streamWindow(): number {
    const { initialWindow } = this.handler.http2;
    return this.settingsAcknowledged ? initialWindow : Math.max(initialWindow, WINDOW_DEFAULT);
  }

  // ---- Reading -------------------------------------------------------------------------------------------------

  onRead(bytes: Buffer, length: number): boolean {
    const { handler } = this;
    const { io } = handler;
    io.clock.tick();
    handler.onBytes(length);
    if (this.phase !== Phase.ended) {
      const error = this.read(bytes, length);
      if (error !== 0) this.fail(error, this.violation ?? reasonOf(error));
      else if (this.violation !== null) this.fail(ErrorCode.enhanceYourCalm, this.violation);
      else if (this.outbox.held > HELD_BYTES_MAX) this.pauseReading();
    } else if (this.socket.writableEnded && io.clock.now < this.lingersUntil) this.watch.awaitStep(LINGER_MS, true);
    io.outbox.flush();
    return !this.paused;
  }

  private read(bytes: Buffer, length: number): number {
    let at = 0;
    if (this.prefaceSeen < clientPreface.length) {
      while (at < length && this.prefaceSeen < clientPreface.length) {
        if (bytes[at++] !== clientPreface[this.prefaceSeen++]) return ErrorCode.protocolError;
      }
    }
    const { reader } = this;
    const error = reader.feed(bytes, at, length);
    this.watch.onRead(reader.unfinished);
    return error;
  }

  private pauseReading(): void {
    if (this.paused) return;
    this.paused = true;
    this.socket.pause();
  }

  /** The client sent FIN: its complete requests are answered, then the connection is over. */
  onEnd(): void {
    this.handler.io.clock.tick();
    for (const stream of this.streams.list()) if (!stream.remoteEnded) stream.end();
    // What the client has not taken of its responses yet is still sent, followed by FIN.
    if (this.idle) this.end();
    else {
      this.phase = Phase.leaving;
      // A client that is gone looks the same as one that only has nothing more to send: a gone one answers the PING with a reset.
      this.sendPing();
      this.watch.awaitStep(SECOND_PING_MS);
    }
    this.handler.io.outbox.flush();
  }

  onSocketClosed(): void {
    const { io } = this.handler;
    this.watch.stop();
    this.phase = Phase.ended;
    for (const stream of this.streams.list()) stream.end();
    this.handler.onHttp2Closed(this);
    io.outbox.flush();
  }

  /** The drain event of the socket's stream is not needed: the outbox has its own callbacks for writes through the stream. */
  onDrain(): void {}

  // ---- Frames --------------------------------------------------------------------------------------------------

  onDataStart(streamId: number, length: number, endStream: boolean): number {
    if (!this.receiveWindow.take(length)) return ErrorCode.flowControlError;
    this.dataLength = length;
    this.dataEnds = endStream;
    this.dataSeen = false;
    this.dataStream = this.streams.find(streamId);
    if (this.dataStream === null) return this.withoutStream(streamId);
    const error = this.dataStream.takeData(length, endStream);
    if (error === 0) return 0;
    this.failStream(this.dataStream, error);
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
    if (!this.dataSeen && !this.dataEnds && !this.guard.idleFrame(this.handler.io.clock.now))
      return this.flood('frame_flood');
    if (dataStream === null) return 0;
    if (this.dataEnds) dataStream.onRemoteEnd(null);
    else dataStream.onDataEnd(dataLength);
    return 0;
  }

  /** DATA came for a stream that is not open. Returns 0, or the error code with which the connection must end. */
  private withoutStream(streamId: number): number {
    if (streamId > this.lastStreamId || (streamId & 1) === 0) return ErrorCode.protocolError;
    if (this.resets.has(streamId)) return 0;
    this.outbox.reset(streamId, ErrorCode.streamClosed);
    this.resets.add(streamId);
    this.blame('stream');
    return 0;
  }

  onHeaders(streamId: number, endStream: boolean, bytes: Buffer, start: number, end: number): number {
    const { limits } = this.handler;
    const decoded = this.decoder.decode(bytes, start, end, limits.headerBytesMax);
    if (decoded === null) return ErrorCode.compressionError;
    if ((streamId & 1) === 0) return ErrorCode.protocolError;
    if (streamId > this.lastStreamId) {
      this.open(streamId, endStream, readRequest(decoded, limits));
      return 0;
    }
    const stream = this.streams.find(streamId);
    if (stream === null) return this.resets.has(streamId) ? 0 : ErrorCode.streamClosed;
    if (stream.remoteEnded) {
      this.failStream(stream, ErrorCode.streamClosed);
      return 0;
    }
    const trailers = endStream ? readTrailers(decoded) : null;
    if (trailers === null) stream.fail(ErrorCode.protocolError, 'malformed_header');
    else stream.onRemoteEnd(trailers.size === 0 ? null : allowedTrailers(trailers));
    return 0;
  }

  /** Opens a new stream with this request, or refuses it. */
  private open(streamId: number, endStream: boolean, message: RequestMessage): void {
    const { handler, peer, streams } = this;
    this.lastStreamId = streamId;
    if (this.phase >= Phase.leaving || streams.size >= handler.http2.maxConcurrentStreams) {
      this.outbox.reset(streamId, ErrorCode.refusedStream);
      this.resets.add(streamId);
      this.blame('refused_stream');
      return;
    }
    this.guard.useful();
    const stream = new ServerStream(this, streamId, endStream, peer.initialWindow);
    streams.add(stream);
    const { limits } = handler;
    if (streams.size === 1) this.watch.onBusy();
    if (message.verdict === Verdict.served && (!endStream || message.mayEndAtOnce)) {
      this.requests++;
      if (limits.requestsPerConnectionMax !== 0 && this.requests >= limits.requestsPerConnectionMax) this.announceEnd();
      // The drain announced the end on open connections; this one was still in its handshake, or its protocol was not known yet.
      else if (streamId > LAST_STREAM_ID || handler.draining) this.announceEnd();
      stream.begin(message.toHead(endStream));
      return;
    }
    const answered = message.verdict === Verdict.refused;
    const code: FaultCode = message.verdict === Verdict.served ? 'invalid_content_length' : message.code;
    handler.onStreamRefused(stream, new Fault(code), answered, message.refusalForm);
    if (!answered) stream.fail(ErrorCode.protocolError, code);
  }

  onPriority(): number {
    return this.guard.idleFrame(this.handler.io.clock.now) ? 0 : this.flood('frame_flood');
  }

  onReset(streamId: number): number {
    if (streamId > this.lastStreamId || (streamId & 1) === 0) return ErrorCode.protocolError;
    const stream = this.streams.find(streamId);
    const { now } = this.handler.io.clock;
    if (stream === null) return this.guard.idleFrame(now) ? 0 : this.flood('frame_flood');
    return !stream.onReset() || this.guard.reset(now) ? 0 : this.flood('rapid_reset');
  }

  onSettings(bytes: Buffer, start: number, end: number): number {
    const { peer } = this;
    if (!this.guard.settings(this.handler.io.clock.now)) return this.flood('settings_flood');
    const before = peer.initialWindow;
    const tableBefore = peer.headerTableBytes;
    const error = peer.apply(bytes, start, end);
    if (error !== 0) return error;
    if (peer.headerTableBytes < tableBefore) this.tableUpdateDue = true;
    this.outbox.settingsAck();
    if (this.phase === Phase.preface) {
      this.phase = Phase.open;
      this.watch.stepDone();
    }
    const change = peer.initialWindow - before;
    if (change === 0) return 0;
    for (const stream of this.streams.list()) if (!stream.growWindow(change)) return ErrorCode.flowControlError;
    if (change > 0) this.turns.serve();
    return 0;
  }

  onSettingsAck(): number {
    this.settingsAcknowledged = true;
    return this.guard.idleFrame(this.handler.io.clock.now) ? 0 : this.flood('settings_flood');
  }

  onPing(bytes: Buffer, start: number): number {
    if (!this.guard.idleFrame(this.handler.io.clock.now)) return this.flood('ping_flood');
    this.outbox.ping(bytes, start, true);
    return 0;
  }

  onPingAck(bytes: Buffer, start: number): number {
    // The client has read the announcement: it knows that streams it opens from now on may not be accepted.
    if (this.phase === Phase.announced && bytes.compare(drainPing, 0, 8, start, start + 8) === 0) this.leave();
    return this.guard.idleFrame(this.handler.io.clock.now) ? 0 : this.flood('ping_flood');
  }

  /** The client opens no more streams; its open ones are finished. */
  onGoaway(): number {
    if (this.phase < Phase.leaving) this.phase = Phase.leaving;
    if (this.idle) this.end();
    return 0;
  }

  onWindowUpdate(streamId: number, increment: number): number {
    const { now } = this.handler.io.clock;
    if (!this.guard.idleFrame(now)) return this.flood('frame_flood');
    if (streamId === 0) {
      if (increment === 0) return ErrorCode.protocolError;
      if (!this.sendWindow.grow(increment)) return ErrorCode.flowControlError;
      this.turns.serve();
      return 0;
    }
    const stream = this.streams.find(streamId);
    if (stream === null) return streamId > this.lastStreamId || (streamId & 1) === 0 ? ErrorCode.protocolError : 0;
    if (increment === 0) this.failStream(stream, ErrorCode.protocolError);
    else if (!stream.growWindow(increment)) this.failStream(stream, ErrorCode.flowControlError);
    else if (stream.waiting) this.turns.serve();
    return 0;
  }

  onUnknown(): number {
    return this.guard.idleFrame(this.handler.io.clock.now) ? 0 : this.flood('frame_flood');
  }

  // ---- What streams ask for ------------------------------------------------------------------------------------

  /** Sends the header block that was just written to `block`. */
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

  /** A stream sent this many bytes of a body: they pay for the frames that the client sends because of them. */
  onUseful(bytes: number): void {
    this.sentBytes += bytes;
    this.guard.useful(bytes);
  }

  /** Resets a stream with this error code, and remembers it, so that late frames for it are ignored. */
  resetStream(stream: ServerStream, code: number): void {
    this.outbox.reset(stream.id, code);
    this.resets.add(stream.id);
  }

  onStreamClosed(stream: ServerStream): void {
    const { streams } = this;
    streams.remove(stream);
    if (stream === this.dataStream) this.dataStream = null;
    if (streams.size > 0 || this.phase === Phase.ended) return;
    if (this.phase === Phase.leaving) this.end();
    else this.watch.onIdle();
  }

  /** The client made us reset or refuse a stream: this is counted, and too many end the connection. */
  blame(reason: Http2Reason): void {
    this.handler.onHttp2Error(reason);
    if (!this.guard.reset(this.handler.io.clock.now)) this.violation ??= 'rapid_reset';
  }

  private failStream(stream: ServerStream, code: number): void {
    stream.fail(code, 'client_aborted');
  }

  /** Whether a stream with `own` bytes waiting may have `count` more. The only stream with waiting bytes always may. */
  mayHold(own: number, count: number): boolean {
    return this.held === own || this.held + count <= this.handler.http2.maxHeldBytes;
  }

  /** The waiting bytes of a stream changed by `change`, which is negative when there are fewer. */
  onHeld(change: number): void {
    this.held += change;
  }

  /**
   * The client takes too little of a stream's response: ends the stream, or the connection if that has no room in its window and
   * (`othersMove`) other streams get none either.
   */
  onStalled(stream: ServerStream, othersMove: boolean): void {
    if (!othersMove && this.sendWindow.available <= 0) {
      this.fail(ErrorCode.enhanceYourCalm, 'stalled');
      return;
    }
    this.handler.onHttp2Error('stalled');
    this.resetStream(stream, ErrorCode.cancel);
    stream.end();
  }

  // ---- The outbox ----------------------------------------------------------------------------------------------

  onOutboxBlocked(): void {
    this.watch.onBlocked();
  }

  onOutboxDrained(): void {
    this.watch.onDrained();
    if (this.phase === Phase.ended) {
      this.endSocket();
      return;
    }
    this.turns.serve();
    if (this.paused && this.outbox.held <= HELD_BYTES_MAX) {
      this.paused = false;
      this.socket.resume();
    }
  }

  onWriteFailed(): void {
    this.destroy();
  }

  // ---- The end -------------------------------------------------------------------------------------------------

  /** Announces that the connection will close. New streams are still accepted, since some may be on their way. */
  announceEnd(): void {
    if (this.phase >= Phase.announced) return;
    this.phase = Phase.announced;
    this.outbox.goaway(STREAM_ID_MAX, ErrorCode.noError);
    this.outbox.ping(drainPing, 0, false);
    this.watch.awaitStep(DRAIN_GRACE_MS);
  }

  /** Accepts no more streams, and closes once the open ones are done. Called by the gateway when it drains. */
  drain(): void {
    this.leave();
  }

  /** Ends the connection as it stands; called by the gateway when its drain timeout is over. */
  breakOff(): void {
    this.destroy();
    for (const stream of this.streams.list()) stream.end('drain_timeout');
  }

  private leave(): void {
    if (this.phase >= Phase.leaving) return;
    this.phase = Phase.leaving;
    this.lastProcessed = this.lastStreamId;
    this.outbox.goaway(this.lastStreamId, ErrorCode.noError);
    if (this.idle) this.end();
  }

  private flood(reason: Http2Reason): number {
    this.violation = reason;
    return ErrorCode.enhanceYourCalm;
  }

  /** The client broke a rule of the connection, which ends with this error code, and with it all streams. */
  private fail(code: number, reason: Http2Reason): void {
    if (this.phase === Phase.ended) return;
    this.handler.onHttp2Error(reason);
    this.phase = Phase.ended;
    this.outbox.goaway(Math.min(this.lastStreamId, this.lastProcessed), code);
    for (const stream of this.streams.list()) stream.end();
    this.finishSocket();
    this.watch.awaitStep(LINGER_MS, true);
  }

  /** Ends the connection, whose streams are done. However slowly the client takes what is left of its responses, they are not cut off. */
  private end(): void {
    if (this.phase === Phase.ended) return;
    this.phase = Phase.ended;
    this.lingersUntil = Infinity;
    this.watch.awaitStep(Infinity, true);
    this.finishSocket();
  }

  /** Sends FIN after the pending bytes; reads on for a moment, so that no reset overtakes them. */
  private finishSocket(): void {
    const { outbox, socket } = this;
    outbox.flush();
    if (this.paused) {
      this.paused = false;
      socket.resume();
    }
    this.endSocket();
  }

  /** Sends FIN if everything has left; else `onOutboxDrained` calls this again. */
  private endSocket(): void {
    const { socket, watch, handler } = this;
    if (unsentBytes(socket) > 0) {
      watch.onBlocked();
      return;
    }
    if (socket.writableEnded) return;
    socket.end();
    if (this.lingersUntil !== 0) this.lingersUntil = handler.io.clock.now + handler.limits.writeTimeoutMs;
    watch.awaitStep(LINGER_MS, true);
  }

  private destroy(): void {
    this.phase = Phase.ended;
    this.socket.destroy();
  }

  // ---- Time ----------------------------------------------------------------------------------------------------

  sendPing(): void {
    this.outbox.ping(alivePing, 0, false);
  }

  onTimeUp(why: TimeUp): void {
    switch (why) {
      case 'step':
        // By phase: no preface came, no answer to the announced end, the second PING after the client's FIN is due, or no FIN after ours.
        if (this.phase === Phase.preface) this.fail(ErrorCode.settingsTimeout, 'preface_timeout');
        else if (this.phase === Phase.announced) this.leave();
        else if (this.phase === Phase.leaving) this.sendPing();
        else if (this.phase === Phase.ended) this.destroy();
        return;
      case 'head':
        this.fail(ErrorCode.enhanceYourCalm, 'header_timeout');
        return;
      case 'idle':
        this.decoder.forget();
        this.announceEnd();
        return;
      case 'stuck':
        this.handler.onHttp2Error('stalled');
        cutOff(this.socket);
        return;
      case 'silent':
        this.handler.onHttp2Error('ping_timeout');
        this.destroy();
    }
  }
}

/** The reason under which a connection error is counted when the code that found it gave none. */
function reasonOf(code: number): Http2Reason {
  if (code === ErrorCode.flowControlError) return 'flow_control';
  if (code === ErrorCode.frameSizeError) return 'frame_size';
  if (code === ErrorCode.compressionError) return 'compression';
  if (code === ErrorCode.enhanceYourCalm) return 'continuation_flood';
  return code === ErrorCode.streamClosed ? 'stream_closed' : 'protocol';
}
