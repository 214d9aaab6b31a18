// Decides whether one more client connection is accepted, by `limits.connections` and by the file descriptors that the system allows.
// Counts and logs the connections refused.

import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { descriptorLimit, descriptorsForClients } from '../base/descriptor-limit.ts';
import { descriptorOf } from '../net/accepted-socket.ts';
import { WorkerCell } from '../telemetry/metric-families.ts';
import type { ExchangeServices } from './services.ts';

/** The limit is read again after this time, since it can be raised while the gateway runs (`prlimit`). */
const READ_AGAIN_AFTER_MS = 1_000;
const TELL_AGAIN_AFTER_MS = 10_000;

interface Reason {
  readonly cell: number;
  readonly message: string;
  toldAt: number;
}

export class ConnectionRoom {
  private readonly clock: Clock;
  private readonly cells: Float64Array;
  private readonly offset: number;
  private readonly log: ExchangeServices['log'];
  private limit = Number.POSITIVE_INFINITY;
  private limitReadAt = Number.NEGATIVE_INFINITY;
  private readonly full: Reason = {
    cell: WorkerCell.connectionsRefused,
    message: 'limits.connections is reached: new connections are closed',
    toldAt: Number.NEGATIVE_INFINITY,
  };
  private readonly exhausted: Reason = {
    cell: WorkerCell.connectionsWithoutDescriptor,
    message: 'file descriptors run out: new connections are closed (raise LimitNOFILE or ulimit -n)',
    toldAt: Number.NEGATIVE_INFINITY,
  };

  constructor(clock: Clock, cells: Float64Array, offset: number, log: ExchangeServices['log']) {
    this.clock = clock;
    this.cells = cells;
    this.offset = offset;
    this.log = log;
  }

  /** False when the socket is to be closed. `accepted` is the number of connections that are open already. */
  hasRoomFor(socket: Socket, accepted: number, connectionsMax: number): boolean {
    if (accepted >= connectionsMax) return this.refuse(this.full, connectionsMax);
    if (this.clock.now - this.limitReadAt >= READ_AGAIN_AFTER_MS) {
      this.limitReadAt = this.clock.now;
      this.limit = descriptorLimit();
    }
    // The system gives out the lowest free descriptor, so a high one tells how many are in use.
    if (descriptorOf(socket) >= descriptorsForClients(this.limit)) return this.refuse(this.exhausted, this.limit);
    return true;
  }

  private refuse(reason: Reason, limit: number): false {
    this.cells[this.offset + reason.cell]!++;
    const { now } = this.clock;
    if (now - reason.toldAt >= TELL_AGAIN_AFTER_MS) {
      reason.toldAt = now;
      this.log('warn', reason.message, { limit });
    }
    return false;
  }
}
