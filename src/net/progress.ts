// How many bytes of a socket the kernel has taken. Apart, since it looks behind the published interface of a socket.

import type { Socket } from 'node:net';
import { secureWriterOf } from './tls/secure-writer.ts';

/** What Node's stream handles have and their published types leave out. */
interface StreamHandle {
  /** Bytes handed to libuv. */
  readonly bytesWritten: number;
  /** Bytes that libuv still holds. */
  readonly writeQueueSize: number;
}

/**
 * Bytes taken off our hands so far, exact to the byte where the handle tells what libuv still holds. Without a handle
 * (closed) or where it does not tell, whole writes are counted once they are complete.
 */
export function bytesTaken(socket: Socket): number {
  const writer = secureWriterOf(socket);
  if (writer !== undefined) return writer.bytesTaken;
  // Because: the public `bytesWritten` counts what is merely queued, and a slow reader would look like a fast one.
  const handle = (socket as unknown as { _handle: StreamHandle | null })._handle;
  if (handle && typeof handle.writeQueueSize === 'number') return handle.bytesWritten - handle.writeQueueSize;
  return socket.bytesWritten - socket.writableLength;
}

/** Bytes handed to the socket that the kernel has not taken yet. */
export function unsentBytes(socket: Socket): number {
  const writer = secureWriterOf(socket);
  if (writer !== undefined) return Math.max(writer.unsentBytes, socket.writableLength);
  // Because: as above; a write that went past the stream is seen by the handle only.
  const handle = (socket as unknown as { _handle: StreamHandle | null })._handle;
  const held = handle && typeof handle.writeQueueSize === 'number' ? handle.writeQueueSize : 0;
  return Math.max(held, socket.writableLength);
}
