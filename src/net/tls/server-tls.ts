// TLS of one listener on one worker: takes accepted sockets, sees to their handshakes within limits, hands them on. The
// contexts are replaced when files change; connections that are there keep theirs.

import type { Socket } from 'node:net';
import type { SocketEvents } from '../accepted-socket.ts';
import type { Client } from '../client.ts';
import type { ThreadIo } from '../io.ts';
import { Handshake } from './handshake.ts';
import type { ServerContexts } from './server-contexts.ts';

/** Why a connection did not come about; each is counted. */
export type HandshakeFailure = 'failed' | 'timeout' | 'no_protocol' | 'certificate_rejected';

/** Who gets the sockets. */
export interface SecuredSockets {
  readonly io: ThreadIo;
  /** The handshake is done: `socket` is the one to read from and write to. `protocol` is the one agreed on, empty for none. */
  onSecured(socket: Socket, client: Client, protocol: string, resumed: boolean): SocketEvents;
  /** It came to nothing; the socket is gone. */
  onUnsecured(handshake: Handshake, failure: HandshakeFailure | null): void;
}

export class ServerTls {
  private current: ServerContexts;
  private underWay: number;

  constructor(contexts: ServerContexts) {
    this.current = contexts;
    this.underWay = 0;
  }

  get contexts(): ServerContexts {
    return this.current;
  }

  /** New connections use these from now on. */
  become(contexts: ServerContexts): void {
    this.current = contexts;
  }

  /** Begins a handshake, or gives null when too many are under way. `next` hears of its end. */
  begin(raw: Socket, client: Client, next: SecuredSockets): Handshake | null {
    if (this.underWay >= this.current.material.handshakesMax) return null;
    this.underWay++;
    return new Handshake(raw, client, this, next);
  }

  /** Called by each handshake once. */
  ended(): void {
    this.underWay--;
  }
}
