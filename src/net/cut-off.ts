// Ends a connection with RST, in plain text and over TLS: what nobody takes would else stay in the kernel long after we gave up.

import type { Socket } from 'node:net';
import { resetSecurely, secureWriterOf } from './tls/secure-writer.ts';

/** Not once FIN is on its way: Node then refuses the reset and never closes the socket. */
export function cutOff(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else if (secureWriterOf(socket) !== undefined) resetSecurely(socket);
  else socket.resetAndDestroy();
}
