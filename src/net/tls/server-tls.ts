// TLS of one listener on one worker: takes accepted sockets, sees to their handshakes within limits, hands them on. The
// contexts are replaced when files change; connections that are there keep theirs.

import type { Socket } from 'node:net';
import type { SocketEvents } from '../accepted-socket.ts';
import type { Client } from '../client.ts';
import type { ThreadIo } from '../io.ts';
import { Handshake } from './handshake.ts';
import type { ServerContexts } from './server-contexts.ts';

/** Why a connection did not come about; each is counted. */
export type HandshakeFailure = 'failed' | 'timeout' | 'no_protocol' | 'certificate_rejected' | 'too_many';

/** The part of its time after which a handshake gives way to another where there is no room for both. Who is honest is done by then. */
const GIVES_WAY_AFTER = 0.1;

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
  /** Those that began first are in front. */
  private readonly underWay: Set<Handshake>;

  constructor(contexts: ServerContexts) {
    this.current = contexts;
    this.underWay = new Set();
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
    const { material } = this.current;
    if (this.underWay.size >= material.handshakesMax) {
      // So a flood of clients that do not go on keeps nobody else out for long, and costs so many handshakes in that time at most.
      const oldest = this.underWay.values().next().value;
      const youngestMs = material.handshakeTimeoutMs * GIVES_WAY_AFTER;
      if (oldest === undefined || next.io.clock.now - oldest.beganAt < youngestMs) return null;
      oldest.giveWay();
    }
    const handshake = new Handshake(raw, client, this, next);
    this.underWay.add(handshake);
    return handshake;
  }

  /** Called by each handshake once. */
  ended(handshake: Handshake): void {
    this.underWay.delete(handshake);
  }
}
