// The client connections of one worker, of any protocol, and how they are asked to close. Reads and writes nothing itself.

import type { Socket } from 'node:net';
import type { ThreadIo } from '../net/io.ts';

/** An open client connection of either protocol. */
export interface OpenConnection {
  readonly socket: Socket;
  /** The object to which its requests are handed: the listener's entrance. */
  readonly handler: unknown;
  /** Takes no more requests: closes now if it is idle, otherwise once the requests in progress are done. */
  drain(): void;
  /** Tells the client in advance that the connection will close, where the protocol can. */
  announceEnd?(): void;
  /** Closes it at once, in a way that shows the peer that responses in progress were cut. */
  breakOff(): void;
}

/**
 * How long idle connections stay open when draining begins. A request may be on its way already: if the connection were closed at once, the
 * request would be lost; answered with `Connection: close`, it is not.
 */
const IDLE_GRACE_MS = 250;

/** Within this time the sockets of connections that were cut are closed. */
const CUT_WITHIN_MS = 500;

export class OpenConnections {
  private readonly io: ThreadIo;
  private readonly open: Set<OpenConnection>;
  /** Sockets whose PROXY header, TLS handshake or first bytes have not come yet. */
  private readonly unidentifiedSockets: Set<Socket>;
  private stopping: boolean;
  private onNone: (() => void) | null;

  constructor(io: ThreadIo) {
    this.io = io;
    this.open = new Set();
    this.unidentifiedSockets = new Set();
    this.stopping = false;
    this.onNone = null;
  }

  /** Number of connections from which requests are read. */
  get size(): number {
    return this.open.size;
  }

  /** Number of these connections, and of sockets whose protocol is not known yet. */
  get accepted(): number {
    return this.open.size + this.unidentifiedSockets.size;
  }

  /** Whether all connections were asked to close. */
  get draining(): boolean {
    return this.stopping;
  }

  addUnidentified(socket: Socket): void {
    this.unidentifiedSockets.add(socket);
  }

  forgetUnidentified(socket: Socket): void {
    this.unidentifiedSockets.delete(socket);
  }

  unidentifiedClosed(socket: Socket): void {
    this.unidentifiedSockets.delete(socket);
    this.tellIfNone();
  }

  add(connection: OpenConnection): void {
    this.unidentifiedSockets.delete(connection.socket);
    this.open.add(connection);
  }

  /** Forgets a connection that was closed. False when it was forgotten before. */
  closed(connection: OpenConnection): boolean {
    const known = this.open.delete(connection);
    this.tellIfNone();
    return known;
  }

  /** Asks all connections to close, then closes the idle ones. Resolves when none is left, or when the time is up and the rest was cut. */
  async drain(timeoutMs: number): Promise<void> {
    this.stopping = true;
    this.io.clock.tick();
    if (this.accepted === 0) return;
    this.announceEnd(null);
    await new Promise<void>(resolve => {
      // Because: draining happens once in a worker's life.
      const grace = setTimeout(() => this.closeIdle(null), Math.min(IDLE_GRACE_MS, timeoutMs));
      // Because: as above.
      const timer = setTimeout(() => {
        for (const connection of this.open) connection.breakOff();
        for (const socket of this.unidentifiedSockets) socket.destroy();
        this.io.outbox.flush();
        // The sockets' `close` events come a turn later; the last one resolves.
        // Because: as above; a `close` that does not come must not hold up the end.
        setTimeout(resolve, CUT_WITHIN_MS);
      }, timeoutMs);
      this.onNone = () => {
        clearTimeout(grace);
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Asks the connections of one entrance to close. None is cut. */
  drainHandler(handler: unknown): void {
    this.announceEnd(handler);
    // Because: a listener is taken away by a reload, not by a request.
    setTimeout(() => this.closeIdle(handler), IDLE_GRACE_MS).unref();
  }

  private announceEnd(handler: unknown): void {
    for (const connection of this.open) {
      if (handler === null || connection.handler === handler) connection.announceEnd?.();
    }
  }

  /** Closes the idle connections of one entrance. Null closes those of all entrances, and sockets whose protocol is not known yet. */
  private closeIdle(handler: unknown): void {
    this.io.clock.tick();
    for (const connection of this.open) {
      if (handler === null || connection.handler === handler) connection.drain();
    }
    if (handler === null) for (const socket of this.unidentifiedSockets) socket.destroy();
  }

  private tellIfNone(): void {
    if (this.stopping && this.accepted === 0) this.onNone?.();
  }
}
