// Decides by the first bytes of a plain-text connection whether the client speaks HTTP/2 with prior knowledge (RFC 9113 section 3.3)
// or HTTP/1, and hands the socket on.

import type { Socket } from 'node:net';
import { type Timed, UNSCHEDULED } from '../../base/timer-wheel.ts';
import { clientPreface } from '../../http/h2/frame.ts';
import type { SocketEvents } from '../accepted-socket.ts';
import type { Client } from '../client.ts';
import type { ThreadIo } from '../io.ts';

/** Takes a socket over once its protocol is known. */
export interface PrefacedSockets {
  onPreface(socket: Socket, client: Client, http2: boolean): SocketEvents;
  /** The socket closed before its protocol was known. */
  onClosedEarly(socket: Socket): void;
}

export class PrefaceReader implements SocketEvents, Timed {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  private readonly socket: Socket;
  private readonly client: Client;
  private readonly io: ThreadIo;
  private readonly next: PrefacedSockets;
  private received: Buffer | null;

  constructor(socket: Socket, client: Client, io: ThreadIo, timeoutMs: number, next: PrefacedSockets) {
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.socket = socket;
    this.client = client;
    this.io = io;
    this.next = next;
    this.received = null;
    io.wheel.schedule(this, io.clock.now + timeoutMs);
  }

  onRead(bytes: Buffer, length: number): boolean {
    this.io.clock.tick();
    const { received } = this;
    // Because: the first read nearly always decides; otherwise fewer bytes than the preface has were kept.
    const all = received === null ? bytes : Buffer.concat([received, bytes.subarray(0, length)]);
    const size = received === null ? length : all.length;
    const compared = Math.min(size, clientPreface.length);
    const http2 = all.compare(clientPreface, 0, compared, 0, compared) === 0;
    if (http2 && size < clientPreface.length) {
      this.received = Buffer.from(all.subarray(0, size));
      return true;
    }
    this.io.wheel.cancel(this);
    return this.next.onPreface(this.socket, this.client, http2).onRead(all, size);
  }

  onEnd(): void {
    this.socket.destroy();
  }

  onDrain(): void {}

  onSocketClosed(): void {
    this.io.wheel.cancel(this);
    this.next.onClosedEarly(this.socket);
  }

  onDeadline(): void {
    this.socket.destroy();
  }
}
