// How many bytes of a socket the kernel has taken. In a file of its own because it relies on unpublished parts of Node's sockets.

import type { Socket } from 'node:net';
import { secureWriterOf } from './tls/secure-writer.ts';

/** Fields of Node's stream handles that the published types leave out. */
interface StreamHandle {
  /** Bytes handed to libuv. */
  readonly bytesWritten: number;
  /** Bytes that libuv still holds. */
  readonly writeQueueSize: number;
}

/**
 * Bytes that the kernel has taken so far, over TLS as encrypted. Exact to the byte where the handle tells what libuv still holds;
 * where it does not, or the socket is closed and has no handle, whole writes are counted once they are complete.
 */
export function bytesTaken(socket: Socket): number {
  const writer = secureWriterOf(socket);
  if (writer !== undefined) return writer.bytesTaken;
  // Because: the public `bytesWritten` counts what is merely queued, and a slow reader would look like a fast one.
  const handle = (socket as unknown as { _handle: StreamHandle | null })._handle;
  if (handle && typeof handle.writeQueueSize === 'number') return handle.bytesWritten - handle.writeQueueSize;
  return socket.bytesWritten - socket.writableLength;
}

/** Bytes handed to the socket that the kernel has not taken yet. Over TLS more than 0 is only roughly right, and `onWritten` follows. */
export function unsentBytes(socket: Socket): number {
  const writer = secureWriterOf(socket);
  if (writer !== undefined) return Math.max(writer.unsentBytes, socket.writableLength);
  // Because: only the handle knows of a write that bypassed the stream.
  const handle = (socket as unknown as { _handle: StreamHandle | null })._handle;
  const held = handle && typeof handle.writeQueueSize === 'number' ? handle.writeQueueSize : 0;
  return Math.max(held, socket.writableLength);
}
