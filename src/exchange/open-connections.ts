// The client connections of one worker, of any protocol, and how they are asked to close. Reads and writes nothing itself.

import type { Socket } from 'node:net';
import type { ThreadIo } from '../net/io.ts';

/** An open client connection of either protocol. */
export interface OpenConnection {
  readonly socket: Socket;
  /** What its requests are handed to: the listener's entrance. */
  readonly handler: unknown;
  closeIfIdle(): void;
  /** Tells the client ahead that the connection will close, where the protocol can. */
  announceEnd?(): void;
  /** Ends it at once, so that the peer sees that what is in progress was cut. */
  breakOff(): void;
}

/**
 * How long idle connections stay when draining begins. A request may be on its way already: closed at once, it would be
 * lost; if its response has `Connection: close`, it is not.
 */
const IDLE_GRACE_MS = 250;

/** By then the connections that were cut are closed. */
const CUT_WITHIN_MS = 500;

export class OpenConnections {
  private readonly io: ThreadIo;
  private readonly open: Set<OpenConnection>;
  /** Sockets whose PROXY header, TLS handshake or first bytes have not come yet. */
  private readonly nameless: Set<Socket>;
  private stopping: boolean;
  private onNone: (() => void) | null;

  constructor(io: ThreadIo) {
    this.io = io;
    this.open = new Set();
    this.nameless = new Set();
    this.stopping = false;
    this.onNone = null;
  }

  /** Connections that requests are read from. */
  get size(): number {
    return this.open.size;
  }

  /** These, and sockets of which that is not known yet. */
  get accepted(): number {
    return this.open.size + this.nameless.size;
  }

  /** Whether all were asked to close. */
  get draining(): boolean {
    return this.stopping;
  }

  addNameless(socket: Socket): void {
    this.nameless.add(socket);
  }

  forgetNameless(socket: Socket): void {
    this.nameless.delete(socket);
  }

  namelessClosed(socket: Socket): void {
    this.nameless.delete(socket);
    this.tellIfNone();
  }

  add(connection: OpenConnection): void {
    this.nameless.delete(connection.socket);
    this.open.add(connection);
  }

  /** False when it was not among them any more. */
  closed(connection: OpenConnection): boolean {
    const known = this.open.delete(connection);
    this.tellIfNone();
    return known;
  }

  /** Asks all to leave, then closes the idle ones; resolves when none is left or the time is up (then they are cut). */
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
        for (const socket of this.nameless) socket.destroy();
        this.io.outbox.flush();
        // Their sockets' `close` comes a turn later: that of the last resolves.
        // Because: as above; nothing is to hold up the end.
        setTimeout(resolve, CUT_WITHIN_MS);
      }, timeoutMs);
      this.onNone = () => {
        clearTimeout(grace);
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Asks the connections of one entrance to leave. None is cut. */
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

  /** Closes idle connections of one entrance, or of all. */
  private closeIdle(handler: unknown): void {
    this.io.clock.tick();
    for (const connection of this.open) {
      if (handler === null || connection.handler === handler) connection.closeIfIdle();
    }
    if (handler === null) for (const socket of this.nameless) socket.destroy();
  }

  private tellIfNone(): void {
    if (this.stopping && this.accepted === 0) this.onNone?.();
  }
}
