// TLS of one listener on one worker: takes accepted sockets, runs their handshakes within limits, hands them on. The
// contexts are replaced when files change; existing connections keep theirs.

import type { Socket } from 'node:net';
import type { SocketEvents } from '../accepted-socket.ts';
import type { Client } from '../client.ts';
import type { ThreadIo } from '../io.ts';
import { Handshake } from './handshake.ts';
import type { ServerContexts } from './server-contexts.ts';

/** Why a handshake failed; each is counted. */
export type HandshakeFailure = 'failed' | 'timeout' | 'no_protocol' | 'certificate_rejected' | 'too_many';

/** The share of its timeout after which a handshake gives way to a new one if there is no room. Honest clients are done by then. */
const GIVES_WAY_AFTER = 0.1;

/** Gets the sockets after their handshakes. */
export interface SecuredSockets {
  readonly io: ThreadIo;
  /** The handshake is done: `socket` is the one to read from and write to. `protocol` is the one agreed on by ALPN, empty for none. */
  onSecured(socket: Socket, client: Client, protocol: string, resumed: boolean): SocketEvents;
  /** The handshake came to nothing; the socket is gone. `failure` is null when the client closed the connection. */
  onUnsecured(handshake: Handshake, failure: HandshakeFailure | null): void;
}

export class ServerTls {
  private current: ServerContexts;
  /** The handshakes in progress, the oldest first. */
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

  /** Begins a handshake; null when too many are in progress. `next` is told of its end. */
  begin(raw: Socket, client: Client, next: SecuredSockets): Handshake | null {
    const { material } = this.current;
    if (this.underWay.size >= material.handshakesMax) {
      // The oldest gives way, so that a flood of clients that stop halfway keeps others out only briefly, and costs at most `handshakesMax`
      // handshakes in that time.
      const oldest = this.underWay.values().next().value;
      const youngestMs = material.handshakeTimeoutMs * GIVES_WAY_AFTER;
      if (oldest === undefined || next.io.clock.now - oldest.beganAt < youngestMs) return null;
      oldest.giveWay();
    }
    const handshake = new Handshake(raw, client, this, next);
    this.underWay.add(handshake);
    return handshake;
  }

  /** Called by each handshake once, at its end. */
  ended(handshake: Handshake): void {
    this.underWay.delete(handshake);
  }
}
