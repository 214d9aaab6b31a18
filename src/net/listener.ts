// An address that accepts connections. Hands their sockets over; which protocol is spoken on them is the connection's business.

import { createServer, type Server, type Socket } from 'node:net';
import { acceptInto, supportsOwnAccept } from './accepted-socket.ts';

export interface ListenerAddress {
  /** Empty for all addresses: IPv4 and, where the machine has it, IPv6. Node understands it so. */
  readonly host: string;
  /** 0 asks the system for a free port, which `listen` returns. */
  readonly port: number;
}

/** The most connections that may wait in the kernel to be accepted. */
const BACKLOG = 1024;

/** After so many turns of the event loop in a row without a new connection, none waits. The first may have been half over already. */
const QUIET_TURNS = 2;

export class Listener {
  readonly address: ListenerAddress;
  private readonly server: Server;
  private readonly readBuffer: Buffer;
  private readonly onSocket: (socket: Socket) => void;
  private accepted = 0;

  /**
   * `onSocket` gets each accepted socket. The socket reads into `readBuffer` where this Node supports it (see accepted-socket.ts);
   * elsewhere it is an ordinary socket that has not begun to read.
   */
  constructor(address: ListenerAddress, readBuffer: Buffer, onSocket: (socket: Socket) => void) {
    this.address = address;
    this.readBuffer = readBuffer;
    this.onSocket = socket => {
      this.accepted++;
      onSocket(socket);
    };
    this.server = createServer({ allowHalfOpen: true, noDelay: true });
    this.server.on('connection', this.onSocket);
  }

  /** Resolves with the port that is listened on; rejects with the system's error (EADDRINUSE, EACCES). */
  async listen(): Promise<{ port: number }> {
    const { server, address } = this;
    const ownAccept = await supportsOwnAccept();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address.host, port: address.port, backlog: BACKLOG, reusePort: true }, () => {
        server.off('error', reject);
        server.on('error', () => {});
        if (ownAccept) acceptInto(server, this.readBuffer, this.onSocket);
        resolve();
      });
    });
    const bound = server.address();
    return { port: typeof bound === 'object' && bound !== null ? bound.port : address.port };
  }

  /**
   * Stops listening: nothing more is accepted once it resolves. Accepted connections live on. Connections that wait in the kernel's queue
   * are accepted first, because closing would reset them; libuv accepts one per turn.
   */
  async close(): Promise<void> {
    let quiet = 0;
    for (let turn = 0; quiet < QUIET_TURNS && turn < BACKLOG; turn++) {
      const before = this.accepted;
      await new Promise(resolve => setImmediate(resolve));
      quiet = this.accepted === before ? quiet + 1 : 0;
    }
    this.server.close();
  }
}
