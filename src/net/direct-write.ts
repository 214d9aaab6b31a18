// Writes bytes to a socket's native handle without the stream machinery around it, which was measured at a tenth of the proxy's CPU.
// Relies on unpublished parts of Node, so it is used only on the releases it was tested on.

import type { Socket } from 'node:net';
import { secureWriterOf } from './tls/secure-writer.ts';

/** A write that libuv has not finished yet. */
interface PendingWrite {
  handle: StreamHandle;
  oncomplete: (status: number) => void;
  async: boolean;
  buffer: Buffer;
  /** The status of a write that finished before `oncomplete` was set. */
  writeStatus: number | null;
}

interface StreamHandle {
  /** Returns 0 when all bytes were written at once, a negative error code, or the write that is still in progress. */
  writeBuffer(request: null, bytes: Buffer): number | PendingWrite;
  /** Bytes that libuv still holds. */
  readonly writeQueueSize: number;
}

interface HandleOwner {
  readonly _handle: StreamHandle | null;
}

/** True on the Node releases whose handles accept `null` for the request; others would abort the process. */
const works = /^v26\.(?:1[0-9]|[2-9][0-9])\./.test(process.version);

export const WriteOutcome = { sent: 0, pending: 1, failed: 2, unsupported: 3, full: 4 } as const;

/** Is told of the end of a write that was `pending` or `full`. */
export interface WriteOwner<Tag> {
  /** `buffer` may be reused from now on; null when it was free before. `failed`: the connection takes no more bytes. */
  onWritten(tag: Tag, buffer: Buffer | null, failed: boolean): void;
}

/**
 * Writes the first `length` bytes of `buffer` now. `sent`: the bytes are taken, the buffer is free. `pending`: the buffer must stay
 * unchanged until `owner.onWritten`. `full`: the bytes are taken, the buffer is free, but no more should come before `owner.onWritten`.
 * `failed`: the connection takes no more bytes. `unsupported`: nothing was written, use `socket.write`.
 */
export function writeNow<Tag>(
  socket: Socket,
  buffer: Buffer,
  length: number,
  owner: WriteOwner<Tag>,
  tag: Tag,
): number {
  const writer = secureWriterOf(socket);
  // Because: a closed handle needs no check here; it takes nothing, and the socket's own end follows.
  if (writer !== undefined) return writer.write(buffer, length, owner, tag);
  // Because: `_handle` is what the socket itself writes to; a test in this folder fails if that changes.
  const handle = (socket as unknown as HandleOwner)._handle;
  if (!works || handle === null || socket.connecting || socket.writableLength > 0) return WriteOutcome.unsupported;
  const bytes = buffer.subarray(0, length);
  const result = handle.writeBuffer(null, bytes);
  if (result === 0) return WriteOutcome.sent;
  if (typeof result === 'number') return WriteOutcome.failed;
  const { writeStatus } = result;
  if (typeof writeStatus === 'number') return writeStatus === 0 ? WriteOutcome.sent : WriteOutcome.failed;
  result.handle = handle;
  result.async = true;
  result.buffer = bytes;
  result.oncomplete = status => owner.onWritten(tag, buffer, status < 0);
  return WriteOutcome.pending;
}
