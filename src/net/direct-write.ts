// Hands bytes to a socket's handle without the stream machinery around it: measured at a tenth of the proxy's CPU. Looks
// behind Node's published interface, so it is used on the releases it was tested on and nowhere else.

import type { Socket } from 'node:net';
import { secureWriterOf } from './tls/secure-writer.ts';

/** A write that libuv has not finished. */
interface PendingWrite {
  handle: StreamHandle;
  oncomplete: (status: number) => void;
  async: boolean;
  buffer: Buffer;
  /** Set when it finished before `oncomplete` could be. */
  writeStatus: number | null;
}

interface StreamHandle {
  /** 0 when all was written at once, a negative error, or the write that is still going on. */
  writeBuffer(request: null, bytes: Buffer): number | PendingWrite;
  /** Bytes that libuv holds. */
  readonly writeQueueSize: number;
}

interface HandleOwner {
  readonly _handle: StreamHandle | null;
}

/** Nodes whose handles take `null` for the request; others would abort the process. */
const works = /^v26\.(?:1[0-9]|[2-9][0-9])\./.test(process.version);

export const WriteOutcome = { sent: 0, pending: 1, failed: 2, unsupported: 3, full: 4 } as const;

/** Hears of the end of a write that was pending. */
export interface WriteOwner<Tag> {
  /** `buffer` is null where it was free before. */
  onWritten(tag: Tag, buffer: Buffer | null, failed: boolean): void;
}

/**
 * Writes the first `length` bytes of `buffer` now. `sent`: the kernel has them, the buffer is free. `pending`: the
 * buffer must stay as it is until `owner` hears of it. `full`: the bytes are taken, the buffer is free, and `owner` hears
 * when more may come. `unsupported`: nothing was written, use `socket.write`.
 */
export function writeNow<Tag>(
  socket: Socket,
  buffer: Buffer,
  length: number,
  owner: WriteOwner<Tag>,
  tag: Tag,
): number {
  const writer = secureWriterOf(socket);
  // Because: a handle that was closed takes nothing; the socket's own end follows.
  if (writer !== undefined) return writer.write(buffer, length, owner, tag);
  // Because: `_handle` is what the socket itself writes to; the test in this folder fails where that changes.
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
