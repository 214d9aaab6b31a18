// Starts a test's server on a port of 127.0.0.1.

import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

/** Starts to listen, on a port that the system chooses when none is given; resolves with the port once the server listens. */
export async function listeningPort(server: Server, port = 0): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  // Because: a server that listens on TCP has no path for an address.
  return (server.address() as AddressInfo).port;
}
