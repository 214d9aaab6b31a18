// Writes bytes to a TLS handle without the stream machinery around it. A TLS handle takes one write at a time and is done with it a
// turn later; bytes that come in between wait here. The end of a write is reported only where somebody waits for it: a callback for
// every response would cost more than asking once, at the next write, whether the last one is done.

import type { Socket } from 'node:net';
import { type TlsHandle, type TlsWrite, tlsHandleOf } from './tls-handle.ts';

/**
 * `sent`: the bytes are taken, the buffer is free. `pending`: the buffer is held until `onWritten` gives it back. `failed`: no more
 * bytes are taken. `full`: the bytes are taken and the buffer is free, but the network is slower than they come: wait for `onWritten`.
 */
export const SecureOutcome = { sent: 0, pending: 1, failed: 2, full: 4 } as const;

/**
 * Is told that bytes have left, or (`failed`) that no more will. `buffer` is one that was held, or null. After `sent` no call follows,
 * unless more was written meanwhile, or `unsentBytes` was asked for and was not 0.
 */
export interface SecureWriteOwner<Tag> {
  onWritten(tag: Tag, buffer: Buffer | null, failed: boolean): void;
}

/** Waiting pieces with more bytes than this stay in their buffer, which is held; smaller ones are copied. */
const COPIED_MAX = 16 * 1024;
/** Bytes that may wait before the sender is asked to wait. */
const WAITING_MAX = 64 * 1024;

/** Bytes that wait for the write before them. `held` is the buffer that they lie in; null for a copy. */
interface WaitingBytes {
  readonly bytes: Buffer;
  readonly held: Buffer | null;
  readonly tag: unknown;
}

interface OwnedWrite extends TlsWrite {
  writer: SecureWriter;
}

/** The async id of a write that is done. */
const NO_ID = -1;

const writerOf = Symbol('secureWriter');

interface SecureSocket extends Socket {
  [writerOf]?: SecureWriter;
}

/** The writer of a TLS socket; undefined for plain ones. */
export function secureWriterOf(socket: Socket): SecureWriter | undefined {
  // Because: the symbol is private to this file, so no type of a socket has the field.
  return (socket as SecureSocket)[writerOf];
}

/** Gives a TLS socket its writer. From then on `socket.write` must not be called: two writes at once would end the process. */
export function writeSecurely(socket: Socket, handle: TlsHandle): void {
  // Because: as above, no type of a socket has the field.
  (socket as SecureSocket)[writerOf] = new SecureWriter(handle);
}

function onComplete(this: TlsWrite, status: number): void {
  // Because: `hear` makes the write an OwnedWrite when it sets this callback.
  (this as OwnedWrite).writer.onComplete(status);
}

class SecureWriter {
  private readonly handle: TlsHandle;
  private owner: SecureWriteOwner<unknown> | null;
  private tag: unknown;
  /** The write that was passed to the handle last; null once it is known to be done. */
  private last: TlsWrite | null;
  /** `onComplete` will be called at the end of `last`. */
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

  /** More than 0 until the kernel has taken everything and the handle may be shut down; reading more than 0 asks for `onWritten` then. */
  get unsentBytes(): number {
    if (!this.isBusy()) return 0;
    this.hear();
    return this.handle._parent.writeQueueSize + this.waitingBytes + 1;
  }

  /** Encrypts and sends the first `length` bytes of `buffer`. Returns one of `SecureOutcome`, which says when `owner` is told. */
  write<Tag>(buffer: Buffer, length: number, owner: SecureWriteOwner<Tag>, tag: Tag): number {
    // Because: an owner is given no other tag than the one that comes with it.
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
    // After a large write the next piece would have to be held: better it comes once this write is done.
    if (bytes.length <= COPIED_MAX && this.handle._parent.writeQueueSize === 0) return SecureOutcome.sent;
    this.hear();
    return SecureOutcome.full;
  }

  /** Whether the last write is still in progress. */
  private isBusy(): boolean {
    const { last } = this;
    if (last === null) return false;
    if (this.hears || last.getAsyncId() !== NO_ID) return true;
    this.last = null;
    return false;
  }

  /** Asks for `onComplete` at the end of the write in progress. */
  private hear(): void {
    if (this.hears) return;
    this.hears = true;
    // Because: callers know that a write is in progress.
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

  /** Passes waiting bytes on: a large piece alone, small ones together, in as few TLS records as possible. */
  private passWaiting(): void {
    const { waiting } = this;
    // Because: the caller has checked that a piece waits.
    const first = waiting[0]!;
    let count = 1;
    if (first.held === null) while (count < waiting.length && waiting[count]!.held === null) count++;
    const pieces = waiting.splice(0, count).map(piece => piece.bytes);
    // Because: these are copies of at most 16 KiB each, made while the write before was in progress.
    const bytes = count === 1 ? first.bytes : Buffer.concat(pieces);
    this.waitingBytes -= bytes.length;
    // No TLS write ends within the call, so pieces behind this one are passed at its end. A test in this folder fails if that changes.
    const outcome = this.pass(bytes);
    // The end of this write is awaited, too: by the pieces behind it, or by an owner that was told `full`.
    if (this.last !== null) this.hear();
    if (outcome === SecureOutcome.failed) {
      waiting.unshift(first);
      this.giveUp();
    } else if (first.held !== null) {
      // The bytes are encrypted, so the buffer is free. Bytes that the owner writes now wait in their turn.
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
    // Because: closing a TLS handle closes the TCP handle below it, and only how that one closes can be chosen.
    tcp.close = callback => {
      tcp.close = close;
      if (tcp.reset(callback) < 0) tcp.close(callback);
    };
  }
  socket.destroy();
}
