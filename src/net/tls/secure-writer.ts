// Hands bytes to a TLS handle without the stream machinery around it. A TLS handle takes one write at a time and says that
// it is done a turn later, so what comes in between is gathered here and leaves as one.

import type { Socket } from 'node:net';
import { type TlsHandle, type TlsWrite, tlsHandleOf } from './tls-handle.ts';

/** `full`: the bytes are taken, and the network is slower than they come: wait for `onWritten`. */
export const SecureOutcome = { sent: 0, failed: 2, full: 4 } as const;

/** Hears that all bytes have left, or that none will any more. */
export interface SecureWriteOwner<Tag> {
  onWritten(tag: Tag, buffer: null, failed: boolean): void;
}

/** Bytes that may be gathered before the sender is asked to wait. */
const GATHERED_MAX = 256 * 1024;

interface OwnedWrite extends TlsWrite {
  writer: SecureWriter;
}

const writerOf = Symbol('secureWriter');

interface SecureSocket extends Socket {
  [writerOf]?: SecureWriter;
}

/** The writer of a TLS socket; undefined for plain ones. */
export function secureWriterOf(socket: Socket): SecureWriter | undefined {
  return (socket as SecureSocket)[writerOf];
}

/** Gives a TLS socket its writer. From then on nobody calls `socket.write`: two writes at once would end the process. */
export function writeSecurely(socket: Socket, handle: TlsHandle): void {
  (socket as SecureSocket)[writerOf] = new SecureWriter(handle);
}

function onComplete(this: TlsWrite, status: number): void {
  // Because: `pass` made it.
  (this as OwnedWrite).writer.onComplete(status);
}

export class SecureWriter {
  private readonly handle: TlsHandle;
  private owner: SecureWriteOwner<unknown> | null;
  private tag: unknown;
  private inFlight: boolean;
  private gathered: Buffer[] | null;
  private gatheredBytes: number;

  constructor(handle: TlsHandle) {
    this.handle = handle;
    this.owner = null;
    this.tag = null;
    this.inFlight = false;
    this.gathered = null;
    this.gatheredBytes = 0;
  }

  /** Bytes that the kernel has taken, encryption included. */
  get bytesTaken(): number {
    const { _parent } = this.handle;
    return _parent.bytesWritten - _parent.writeQueueSize;
  }

  /** More than 0 until the kernel has taken everything and the handle may be shut down. */
  get unsentBytes(): number {
    if (!this.inFlight) return 0;
    return this.handle._parent.writeQueueSize + this.gatheredBytes + 1;
  }

  /** Encrypts and sends `bytes`; they may be used again at once. `owner` hears when all that was written has left. */
  write<Tag>(bytes: Buffer, owner: SecureWriteOwner<Tag>, tag: Tag): number {
    this.owner = owner as SecureWriteOwner<unknown>;
    this.tag = tag;
    if (!this.inFlight) return this.pass(bytes);
    (this.gathered ??= []).push(Buffer.from(bytes));
    this.gatheredBytes += bytes.length;
    return this.gatheredBytes > GATHERED_MAX ? SecureOutcome.full : SecureOutcome.sent;
  }

  private pass(bytes: Buffer): number {
    const result = this.handle.writeBuffer(null, bytes);
    if (typeof result === 'number') return result === 0 ? SecureOutcome.sent : SecureOutcome.failed;
    const { writeStatus } = result;
    if (typeof writeStatus === 'number') return writeStatus === 0 ? SecureOutcome.sent : SecureOutcome.failed;
    result.handle = this.handle;
    result.async = true;
    result.buffer = bytes;
    (result as OwnedWrite).writer = this;
    result.oncomplete = onComplete;
    this.inFlight = true;
    return this.handle._parent.writeQueueSize > 0 ? SecureOutcome.full : SecureOutcome.sent;
  }

  onComplete(status: number): void {
    this.inFlight = false;
    const { gathered } = this;
    this.gathered = null;
    this.gatheredBytes = 0;
    if (status >= 0 && gathered !== null) {
      // Because: what was written in between leaves together, in as few records as possible.
      const bytes = gathered.length === 1 ? gathered[0]! : Buffer.concat(gathered);
      if (this.pass(bytes) !== SecureOutcome.failed) return;
      this.owner?.onWritten(this.tag, null, true);
      return;
    }
    this.owner?.onWritten(this.tag, null, status < 0);
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
