// Gathers the frames that one connection sends during a turn of the event loop, so that all its streams' frames leave in one
// write. For servers and clients; decides nothing about what may be sent.

import type { Socket } from 'node:net';
import {
  Flag,
  FRAME_BYTES_DEFAULT,
  FRAME_HEADER_BYTES,
  FrameType,
  writeFrameHeader,
  writeUint32,
} from '../../http/h2/frame.ts';
import { WriteOutcome, type WriteOwner, writeNow } from '../direct-write.ts';
import type { ThreadIo } from '../io.ts';
import type { TurnEndTask } from '../turn-end.ts';

/** Is told what becomes of the bytes. */
export interface FrameOutboxOwner {
  /** The peer takes bytes more slowly than they come; `onOutboxDrained` follows, or the end of the connection. */
  onOutboxBlocked(): void;
  /** The kernel has taken everything. Comes also after writes that did not block the outbox. */
  onOutboxDrained(): void;
  onWriteFailed(): void;
}

const none = Buffer.alloc(0);

export class FrameOutbox implements WriteOwner<number>, TurnEndTask {
  private readonly socket: Socket;
  private readonly io: ThreadIo;
  private readonly owner: FrameOutboxOwner;
  /** The frames being gathered; `none` while there are none. */
  private buffer: Buffer;
  private length: number;
  /** `onTurnEnd` is due at the end of this turn. */
  private awaited: boolean;
  /** Writes that the kernel has not taken whole; each holds its buffer until it ends. */
  private pendingWrites: number;
  /** The TLS writer has taken the bytes but asks to wait (`WriteOutcome.full`). */
  private full: boolean;
  private pendingBytes: number;
  /** The last gathered frame, if it is DATA: its stream (else 0), where it begins in `buffer`, and the bytes of its payload. */
  private lastDataStream: number;
  private lastDataAt: number;
  private lastDataLength: number;

  constructor(socket: Socket, io: ThreadIo, owner: FrameOutboxOwner) {
    this.socket = socket;
    this.io = io;
    this.owner = owner;
    this.buffer = none;
    this.length = 0;
    this.awaited = false;
    this.pendingWrites = 0;
    this.full = false;
    this.pendingBytes = 0;
    this.lastDataStream = 0;
    this.lastDataAt = 0;
    this.lastDataLength = 0;
  }

  /** The peer takes bytes more slowly than they come: DATA has to wait, other frames are still gathered. */
  get blocked(): boolean {
    return this.pendingWrites > 0 || this.full;
  }

  /** Bytes that have not left yet. */
  get held(): number {
    return this.pendingBytes + this.length;
  }

  // ---- Frames --------------------------------------------------------------------------------------------------

  /** Adds a header block, as HEADERS and as many CONTINUATION frames as it takes. */
  headers(streamId: number, block: Buffer, length: number, endStream: boolean): void {
    let flags = endStream ? Flag.endStream : 0;
    let type: number = FrameType.headers;
    let at = 0;
    do {
      const size = Math.min(length - at, FRAME_BYTES_DEFAULT);
      if (at + size === length) flags |= Flag.endHeaders;
      this.frame(size, type, flags, streamId);
      this.length += block.copy(this.buffer, this.length, at, at + size);
      at += size;
      flags = 0;
      type = FrameType.continuation;
    } while (at < length);
  }

  /** Adds at most a frame's worth of a stream's bytes, to the frame before if that is DATA of the same stream and has room. */
  data(streamId: number, bytes: Buffer, start: number, end: number): void {
    const size = end - start;
    if (
      this.lastDataStream === streamId &&
      this.lastDataLength + size <= FRAME_BYTES_DEFAULT &&
      this.length + size <= this.buffer.length
    ) {
      this.lastDataLength += size;
      writeFrameHeader(this.buffer, this.lastDataAt, this.lastDataLength, FrameType.data, 0, streamId);
    } else {
      this.frame(size, FrameType.data, 0, streamId);
      this.lastDataStream = streamId;
      this.lastDataAt = this.length - FRAME_HEADER_BYTES;
      this.lastDataLength = size;
    }
    bytes.copy(this.buffer, this.length, start, end);
    this.length += size;
  }

  /** Ends a stream: with a flag on its DATA frame if that is the last gathered frame, else with an empty DATA frame. */
  endStream(streamId: number): void {
    if (this.lastDataStream === streamId) {
      this.buffer[this.lastDataAt + 4]! |= Flag.endStream;
      this.lastDataStream = 0;
    } else this.frame(0, FrameType.data, Flag.endStream, streamId);
  }

  reset(streamId: number, code: number): void {
    this.frame(4, FrameType.rstStream, 0, streamId);
    this.length = writeUint32(this.buffer, this.length, code);
  }

  windowUpdate(streamId: number, increment: number): void {
    this.frame(4, FrameType.windowUpdate, 0, streamId);
    this.length = writeUint32(this.buffer, this.length, increment);
  }

  settings(payload: Buffer): void {
    this.frame(payload.length, FrameType.settings, 0, 0);
    this.length += payload.copy(this.buffer, this.length);
  }

  settingsAck(): void {
    this.frame(0, FrameType.settings, Flag.ack, 0);
  }

  /** The payload is the eight bytes from `start`. */
  ping(bytes: Buffer, start: number, ack: boolean): void {
    this.frame(8, FrameType.ping, ack ? Flag.ack : 0, 0);
    this.length += bytes.copy(this.buffer, this.length, start, start + 8);
  }

  goaway(lastStreamId: number, code: number): void {
    this.frame(8, FrameType.goaway, 0, 0);
    this.length = writeUint32(this.buffer, this.length, lastStreamId);
    this.length = writeUint32(this.buffer, this.length, code);
  }

  /** Adds bytes that are not a frame: the client preface. */
  raw(bytes: Buffer): void {
    this.room(bytes.length);
    this.length += bytes.copy(this.buffer, this.length);
  }

  /** Adds the header of a frame; the caller then adds the `size` bytes of its payload. */
  private frame(size: number, type: number, flags: number, streamId: number): void {
    this.lastDataStream = 0;
    this.room(FRAME_HEADER_BYTES + size);
    this.length = writeFrameHeader(this.buffer, this.length, size, type, flags, streamId);
  }

  private room(size: number): void {
    if (this.length + size > this.buffer.length && this.length > 0) this.send();
    if (this.buffer === none) this.buffer = this.io.frameBuffers.take();
    if (this.awaited) return;
    this.awaited = true;
    this.io.turnEnd.add(this);
  }

  // ---- Sending -------------------------------------------------------------------------------------------------

  /** Sends the gathered frames. While the peer is slow they wait, and are sent only when more do not fit into the buffer. */
  onTurnEnd(): void {
    this.awaited = false;
    if (!this.blocked) this.send();
  }

  /** Sends the gathered frames now. */
  flush(): void {
    this.send();
  }

  private send(): void {
    const { socket, buffer, length } = this;
    if (length === 0) return;
    this.buffer = none;
    this.length = 0;
    this.lastDataStream = 0;
    const { frameBuffers } = this.io;
    // After FIN nothing can follow: an answer to a frame that came behind the client's last request.
    if (socket.destroyed || socket.writableEnded) {
      frameBuffers.give(buffer);
      return;
    }
    const wasBlocked = this.blocked;
    const outcome = writeNow(socket, buffer, length, this, length);
    if (outcome === WriteOutcome.pending || outcome === WriteOutcome.unsupported) {
      this.pendingWrites++;
      if (outcome === WriteOutcome.unsupported)
        socket.write(buffer.subarray(0, length), error => this.onWritten(length, buffer, Boolean(error)));
    } else {
      frameBuffers.give(buffer);
      if (outcome === WriteOutcome.sent) return;
      if (outcome === WriteOutcome.failed) {
        this.owner.onWriteFailed();
        return;
      }
      this.full = true;
    }
    this.pendingBytes += length;
    if (!wasBlocked) this.owner.onOutboxBlocked();
  }

  /** `buffer` is null when none was held: then everything has left. */
  onWritten(_length: number, buffer: Buffer | null, failed: boolean): void {
    if (buffer === null) this.full = false;
    else {
      this.io.frameBuffers.give(buffer);
      this.pendingWrites--;
    }
    if (failed) {
      this.owner.onWriteFailed();
      return;
    }
    if (this.blocked) return;
    this.pendingBytes = 0;
    this.io.clock.tick();
    this.owner.onOutboxDrained();
    if (!this.awaited) this.send();
    this.io.outbox.flush();
  }
}
