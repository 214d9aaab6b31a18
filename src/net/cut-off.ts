// Ends a connection with RST, in plain text and over TLS: bytes that the peer does not take would otherwise stay in the kernel long
// after the gateway has given up.

import type { Socket } from 'node:net';
import { resetSecurely, secureWriterOf } from './tls/secure-writer.ts';

/** Resets the connection. Once FIN is on its way, destroys the socket instead: Node would refuse the reset and never close it. */
export function cutOff(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else if (secureWriterOf(socket) !== undefined) resetSecurely(socket);
  else socket.resetAndDestroy();
}
