// Decodes frames as their bytes arrive (RFC 9113 sections 4 and 6), for a server or a client. Passes DATA on in pieces, and every
// other frame whole. Checks each frame by itself; its effect on a stream is up to the handler.

import { BlockGatherer } from './block-gatherer.ts';
import { ErrorCode } from './error-code.ts';
import { Flag, FRAME_BYTES_DEFAULT, FRAME_HEADER_BYTES, FrameType, readUint31, readUint32 } from './frame.ts';
import { SETTING_BYTES } from './settings.ts';

/** Receives frames. Bytes are valid only during the call. Each returned number is 0 or the error code that ends the connection. */
export interface FrameHandler {
  /** A DATA frame begins. `length` is the size of its payload including padding, as flow control counts it. */
  onDataStart(streamId: number, length: number, endStream: boolean): number;
  onData(bytes: Buffer, start: number, end: number): void;
  /** The frame that `onDataStart` announced has arrived completely. */
  onDataEnd(): number;
  /** A whole header block, from HEADERS and its CONTINUATION frames. */
  onHeaders(streamId: number, endStream: boolean, bytes: Buffer, start: number, end: number): number;
  /** Reported to be counted; priorities themselves are not used. */
  onPriority(streamId: number): number;
  onReset(streamId: number, code: number): number;
  onSettings(bytes: Buffer, start: number, end: number): number;
  onSettingsAck(): number;
  /** The payload is the eight bytes from `start`. */
  onPing(bytes: Buffer, start: number): number;
  onPingAck(bytes: Buffer, start: number): number;
  onGoaway(lastStreamId: number, code: number): number;
  onWindowUpdate(streamId: number, increment: number): number;
  /** A frame of an unknown type: ignored (RFC 9113 section 5.5). */
  onUnknown(): number;
}

const nothing = Buffer.alloc(0);

export class FrameReader {
  private readonly handler: FrameHandler;
  /** True until the peer's first frame, which must be SETTINGS (RFC 9113 section 3.4). */
  private settingsDue: boolean;
  /** Buffer for an incomplete frame or frame header; `stashed` of its bytes have arrived. */
  private stash: Buffer;
  private stashed: number;
  /** State of the current DATA frame: whether its pad length is still to come, and how many bytes of payload and of padding. */
  private inData: boolean;
  private padLengthDue: boolean;
  private dataLeft: number;
  private padLeft: number;
  private readonly block: BlockGatherer;
  /** Number of frames begun so far, and its value when the current header block began. */
  private framesBegun: number;
  private blockFrame: number;

  constructor(handler: FrameHandler, blockBytesMax: number) {
    this.handler = handler;
    this.settingsDue = true;
    this.stash = nothing;
    this.stashed = 0;
    this.inData = false;
    this.padLengthDue = false;
    this.dataLeft = 0;
    this.padLeft = 0;
    this.block = new BlockGatherer(blockBytesMax);
    this.framesBegun = 1;
    this.blockFrame = 0;
  }

  /** Identifies an incomplete frame header, header block or frame other than DATA, each by another number; 0 when there is none. */
  get unfinished(): number {
    return this.block.stream !== 0 ? this.blockFrame : this.stashed > 0 ? this.framesBegun : 0;
  }

  /** Reads `bytes[start, end)`. Returns 0, or the error code with which the connection must end: do not call it again then. */
  feed(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      if (this.inData) {
        at = this.feedData(bytes, at, end);
        if (this.dataLeft < 0) return ErrorCode.protocolError;
        if (this.inData) return 0;
        const error = this.handler.onDataEnd();
        if (error !== 0) return error;
        continue;
      }
      if (this.stashed > 0) {
        const taken = this.fillStash(bytes, at, end);
        at += taken;
        const error = this.readStash();
        if (error !== 0) return error;
        continue;
      }
      this.framesBegun++;
      if (end - at < FRAME_HEADER_BYTES) {
        this.keep(bytes, at, end, FRAME_HEADER_BYTES);
        return 0;
      }
      const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
      const error = this.checkHeader(bytes, at, length);
      if (error !== 0) return error;
      if (bytes[at + 3] === FrameType.data) {
        const started = this.startData(bytes, at, length);
        if (started !== 0) return started;
        at += FRAME_HEADER_BYTES;
        continue;
      }
      const frameEnd = at + FRAME_HEADER_BYTES + length;
      if (frameEnd > end) {
        this.keep(bytes, at, end, FRAME_HEADER_BYTES + length);
        return 0;
      }
      const handled = this.readFrame(bytes, at, frameEnd);
      if (handled !== 0) return handled;
      at = frameEnd;
    }
    return 0;
  }

  // ---- Frames that come in pieces ------------------------------------------------------------------------------

  private keep(bytes: Buffer, start: number, end: number, size: number): void {
    this.stash = Buffer.allocUnsafe(size);
    this.stashed = bytes.copy(this.stash, 0, start, end);
  }

  private fillStash(bytes: Buffer, at: number, end: number): number {
    const taken = bytes.copy(this.stash, this.stashed, at, Math.min(end, at + this.stash.length - this.stashed));
    this.stashed += taken;
    return taken;
  }

  private readStash(): number {
    const { stash } = this;
    if (this.stashed < stash.length) return 0;
    this.stashed = 0;
    if (stash.length > FRAME_HEADER_BYTES) return this.finishStash(stash);
    const length = (stash[0]! << 16) | (stash[1]! << 8) | stash[2]!;
    const error = this.checkHeader(stash, 0, length);
    if (error !== 0) return error;
    if (stash[3] === FrameType.data) {
      this.stash = nothing;
      return this.startData(stash, 0, length);
    }
    if (length === 0) return this.finishStash(stash);
    this.keep(stash, 0, FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length);
    return 0;
  }

  private finishStash(stash: Buffer): number {
    this.stash = nothing;
    return this.readFrame(stash, 0, stash.length);
  }

  // ---- DATA ----------------------------------------------------------------------------------------------------

  private startData(bytes: Buffer, at: number, length: number): number {
    const flags = bytes[at + 4]!;
    this.inData = true;
    this.padLengthDue = (flags & Flag.padded) !== 0;
    this.dataLeft = length;
    this.padLeft = 0;
    if (this.padLengthDue && length === 0) return ErrorCode.frameSizeError;
    const error = this.handler.onDataStart(readUint31(bytes, at + 5), length, (flags & Flag.endStream) !== 0);
    if (error !== 0 || length > 0) return error;
    this.inData = false;
    return this.handler.onDataEnd();
  }

  /** Returns the offset after the consumed bytes. Clears `inData` after the whole frame; `dataLeft` is negative for a malformed one. */
  private feedData(bytes: Buffer, at: number, end: number): number {
    if (this.padLengthDue) {
      this.padLengthDue = false;
      this.padLeft = bytes[at++]!;
      this.dataLeft -= 1 + this.padLeft;
      // More padding than the frame has room for (RFC 9113 section 6.1).
      if (this.dataLeft < 0) return at;
    }
    const take = Math.min(this.dataLeft, end - at);
    if (take > 0) {
      this.dataLeft -= take;
      this.handler.onData(bytes, at, at + take);
      at += take;
    }
    if (this.dataLeft === 0) {
      const pad = Math.min(this.padLeft, end - at);
      this.padLeft -= pad;
      at += pad;
      this.inData = this.padLeft > 0;
    }
    return at;
  }

  // ---- Every other frame ---------------------------------------------------------------------------------------

  /** Checks what the nine-byte frame header alone determines. Returns 0 or an error code. */
  private checkHeader(bytes: Buffer, at: number, length: number): number {
    if (length > FRAME_BYTES_DEFAULT) return ErrorCode.frameSizeError;
    const type = bytes[at + 3]!;
    const streamId = readUint31(bytes, at + 5);
    if (this.settingsDue) {
      if (type !== FrameType.settings || (bytes[at + 4]! & Flag.ack) !== 0) return ErrorCode.protocolError;
      this.settingsDue = false;
    }
    const gathering = this.block.stream;
    if (gathering !== 0 && (type !== FrameType.continuation || streamId !== gathering)) return ErrorCode.protocolError;
    switch (type) {
      case FrameType.data:
      case FrameType.headers:
        return streamId === 0 ? ErrorCode.protocolError : 0;
      case FrameType.priority:
      case FrameType.rstStream:
        if (streamId === 0) return ErrorCode.protocolError;
        break;
      case FrameType.settings:
      case FrameType.ping:
      case FrameType.goaway:
        if (streamId !== 0) return ErrorCode.protocolError;
        break;
      case FrameType.pushPromise:
        // A client may not send it, and the gateway as a client has disabled push.
        return ErrorCode.protocolError;
      case FrameType.continuation:
        return gathering === 0 ? ErrorCode.protocolError : 0;
    }
    return hasItsSize(type, length, (bytes[at + 4]! & Flag.ack) !== 0) ? 0 : ErrorCode.frameSizeError;
  }

  private readFrame(bytes: Buffer, at: number, end: number): number {
    const { handler } = this;
    const flags = bytes[at + 4]!;
    const streamId = readUint31(bytes, at + 5);
    const start = at + FRAME_HEADER_BYTES;
    const ack = (flags & Flag.ack) !== 0;
    switch (bytes[at + 3]) {
      case FrameType.headers:
        return this.readHeaders(streamId, flags, bytes, start, end);
      case FrameType.continuation:
        return this.readContinuation(flags, bytes, start, end);
      case FrameType.windowUpdate:
        return handler.onWindowUpdate(streamId, readUint31(bytes, start));
      case FrameType.rstStream:
        return handler.onReset(streamId, readUint32(bytes, start));
      case FrameType.settings:
        return ack ? handler.onSettingsAck() : handler.onSettings(bytes, start, end);
      case FrameType.ping:
        return ack ? handler.onPingAck(bytes, start) : handler.onPing(bytes, start);
      case FrameType.priority:
        return handler.onPriority(streamId);
      case FrameType.goaway:
        return handler.onGoaway(readUint31(bytes, start), readUint32(bytes, start + 4));
      default:
        return handler.onUnknown();
    }
  }

  private readHeaders(streamId: number, flags: number, bytes: Buffer, start: number, end: number): number {
    if ((flags & Flag.padded) !== 0) {
      if (start === end) return ErrorCode.frameSizeError;
      end -= bytes[start++]!;
    }
    if ((flags & Flag.priority) !== 0) start += 5;
    // Padding or priority beyond the frame (RFC 9113 section 6.2).
    if (start > end) return ErrorCode.protocolError;
    const endStream = (flags & Flag.endStream) !== 0;
    if ((flags & Flag.endHeaders) !== 0) return this.handler.onHeaders(streamId, endStream, bytes, start, end);
    this.blockFrame = this.framesBegun;
    return this.block.begin(streamId, endStream, bytes, start, end);
  }

  private readContinuation(flags: number, bytes: Buffer, start: number, end: number): number {
    const { block } = this;
    const error = block.add(bytes, start, end);
    if (error !== 0 || (flags & Flag.endHeaders) === 0) return error;
    const { stream, endStream } = block;
    const gathered = block.take();
    return this.handler.onHeaders(stream, endStream, gathered, 0, gathered.length);
  }
}

/** Whether a frame of this type may have this length (RFC 9113 section 6). Checked before any byte of the payload has arrived. */
function hasItsSize(type: number, length: number, ack: boolean): boolean {
  switch (type) {
    case FrameType.windowUpdate:
    case FrameType.rstStream:
      return length === 4;
    case FrameType.settings:
      return ack ? length === 0 : length % SETTING_BYTES === 0;
    case FrameType.ping:
      return length === 8;
    case FrameType.priority:
      // Section 6.3 makes a wrong size a stream error. It ends the connection here, since the peer is out of sync anyway.
      return length === 5;
    case FrameType.goaway:
      return length >= 8;
    default:
      return true;
  }
}
