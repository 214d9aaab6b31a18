// Hands bytes to a TLS handle without the stream machinery around it. A TLS handle takes one write at a time and is done with it a
// turn later, so what comes in between waits here. Of the end of a write it is told only where somebody waits for it: a call of its own for
// every answer would cost more than to ask once, with the next, whether the last is done.

import type { Socket } from 'node:net';
import { type TlsHandle, type TlsWrite, tlsHandleOf } from './tls-handle.ts';

/**
 * `sent`: the bytes are taken, the buffer is free. `pending`: the buffer is held until `onWritten` gives it back. `full`:
 * the bytes are taken and the buffer is free, and the network is slower than they come: wait for `onWritten`.
 */
export const SecureOutcome = { sent: 0, pending: 1, failed: 2, full: 4 } as const;

/**
 * Hears that bytes have left, or that none will any more. `buffer` is one that was held. Behind `sent` it hears nothing, unless
 * more was written meanwhile, or `unsentBytes` was asked for and was not 0.
 */
export interface SecureWriteOwner<Tag> {
  onWritten(tag: Tag, buffer: Buffer | null, failed: boolean): void;
}

/** More than this is held where it lies, less is copied. */
const COPIED_MAX = 16 * 1024;
/** Bytes that wait before the sender is asked to. */
const WAITING_MAX = 64 * 1024;

/** Bytes that wait for the write before them. `held` is the buffer they lie in, null for a copy. */
interface WaitingBytes {
  readonly bytes: Buffer;
  readonly held: Buffer | null;
  readonly tag: unknown;
}

interface OwnedWrite extends TlsWrite {
  writer: SecureWriter;
}

/** What the id of a write becomes once it is done. */
const NO_ID = -1;

const writerOf = Symbol('secureWriter');

interface SecureSocket extends Socket {
  [writerOf]?: SecureWriter;
}

/** The writer of a TLS socket; undefined for plain ones. */
export function secureWriterOf(socket: Socket): SecureWriter | undefined {
  // Because: the field is known in this file only.
  return (socket as SecureSocket)[writerOf];
}

/** Gives a TLS socket its writer. From then on nobody calls `socket.write`: two writes at once would end the process. */
export function writeSecurely(socket: Socket, handle: TlsHandle): void {
  // Because: as above.
  (socket as SecureSocket)[writerOf] = new SecureWriter(handle);
}

function onComplete(this: TlsWrite, status: number): void {
  // Because: `pass` made it.
  (this as OwnedWrite).writer.onComplete(status);
}

class SecureWriter {
  private readonly handle: TlsHandle;
  private owner: SecureWriteOwner<unknown> | null;
  private tag: unknown;
  /** The write that was passed on last; null once it is known to be done. */
  private last: TlsWrite | null;
  /** Its end will be told. */
  private hears: boolean;
  private readonly waiting: WaitingBytes[];
  private waitingBytes: number;

  constructor(handle: TlsHandle) {
    this.handle = handle;
    this.owner = null;
    this.tag = null;
    this.last = null;
    this.hears = false;
    this.waiting = [];
    this.waitingBytes = 0;
  }

  /** Bytes that the kernel has taken, encryption included. */
  get bytesTaken(): number {
    const { _parent } = this.handle;
    return _parent.bytesWritten - _parent.writeQueueSize;
  }

  /** More than 0 until the kernel has taken everything and the handle may be shut down; `onWritten` comes then. */
  get unsentBytes(): number {
    if (!this.isBusy()) return 0;
    this.hear();
    return this.handle._parent.writeQueueSize + this.waitingBytes + 1;
  }

  /** Encrypts and sends the first `length` bytes of `buffer`. `owner` hears when all that was written has left. */
  write<Tag>(buffer: Buffer, length: number, owner: SecureWriteOwner<Tag>, tag: Tag): number {
    // Because: it gets no other tag than the one that comes with it.
    this.owner = owner as SecureWriteOwner<unknown>;
    this.tag = tag;
    const bytes = buffer.subarray(0, length);
    if (!this.isBusy()) return this.pass(bytes);
    this.hear();
    this.waitingBytes += length;
    if (length > COPIED_MAX) {
      this.waiting.push({ bytes, held: buffer, tag });
      return SecureOutcome.pending;
    }
    this.waiting.push({ bytes: Buffer.from(bytes), held: null, tag });
    return this.waitingBytes > WAITING_MAX ? SecureOutcome.full : SecureOutcome.sent;
  }

  private pass(bytes: Buffer): number {
    const result = this.handle.writeBuffer(null, bytes);
    if (typeof result === 'number') return result === 0 ? SecureOutcome.sent : SecureOutcome.failed;
    const { writeStatus } = result;
    if (typeof writeStatus === 'number') return writeStatus === 0 ? SecureOutcome.sent : SecureOutcome.failed;
    this.last = result;
    this.hears = false;
    // Behind a large piece the next one would have to be held: better it comes when this one is through.
    if (bytes.length <= COPIED_MAX && this.handle._parent.writeQueueSize === 0) return SecureOutcome.sent;
    this.hear();
    return SecureOutcome.full;
  }

  /** Whether the handle is not done with the last write. */
  private isBusy(): boolean {
    const { last } = this;
    if (last === null) return false;
    if (this.hears || last.getAsyncId() !== NO_ID) return true;
    this.last = null;
    return false;
  }

  /** `onComplete` is to come for the write that is under way. */
  private hear(): void {
    if (this.hears) return;
    this.hears = true;
    // Because: it is busy with one.
    const last = this.last as OwnedWrite;
    last.writer = this;
    last.oncomplete = onComplete;
  }

  onComplete(status: number): void {
    this.last = null;
    this.hears = false;
    const { waiting } = this;
    if (waiting.length === 0) this.owner?.onWritten(this.tag, null, status < 0);
    else if (status < 0) this.giveUp();
    else this.passWaiting();
  }

  /** What waits leaves: a large piece alone, small ones together, in as few records as possible. */
  private passWaiting(): void {
    const { waiting } = this;
    // Because: the caller saw one.
    const first = waiting[0]!;
    let count = 1;
    if (first.held === null) while (count < waiting.length && waiting[count]!.held === null) count++;
    const pieces = waiting.splice(0, count).map(piece => piece.bytes);
    // Because: these are copies of at most 16 KiB each, made while the write before was under way.
    const bytes = count === 1 ? first.bytes : Buffer.concat(pieces);
    this.waitingBytes -= bytes.length;
    const outcome = this.pass(bytes);
    // Somebody waits for this one, too: what stands behind it, or who was told that the network is slow.
    if (this.last !== null) this.hear();
    if (outcome === SecureOutcome.failed) {
      waiting.unshift(first);
      this.giveUp();
    } else if (first.held !== null) {
      // Encrypted, so the buffer is free. What comes now waits in its turn.
      this.owner?.onWritten(first.tag, first.held, false);
    }
  }

  private giveUp(): void {
    this.waitingBytes = 0;
    for (const { held, tag } of this.waiting.splice(0)) if (held !== null) this.owner?.onWritten(tag, held, true);
    this.owner?.onWritten(this.tag, null, true);
  }
}

/** Closes a TLS connection with RST: what the kernel still holds is thrown away. */
export function resetSecurely(socket: Socket): void {
  const handle = tlsHandleOf(socket);
  if (handle !== null) {
    const { _parent: tcp } = handle;
    const { close } = tcp;
    // Because: closing a TLS handle closes the one below, and only the way that it does can be chosen.
    tcp.close = callback => {
      tcp.close = close;
      if (tcp.reset(callback) < 0) tcp.close(callback);
    };
  }
  socket.destroy();
}
