// The session ticket keys on one worker, for all listeners that have no ticket key file of their own.

import { TicketRing } from '../net/tls/ticket-ring.ts';
import type { TicketKeys } from '../net/tls/tls-material.ts';

export class WorkerTickets {
  private ring: TicketRing | null = null;

  /** Takes keys from the supervisor; the first one encrypts. */
  receive(keys: TicketKeys): void {
    if (this.ring === null) this.ring = new TicketRing(keys);
    else this.ring.become(keys);
  }

  /** A ring of the listener's own keys, or the ring of the gateway's keys. */
  ringFor(own: TicketKeys | null): TicketRing {
    if (own !== null) return new TicketRing(own);
    if (this.ring === null) throw new Error('the worker has no ticket keys');
    return this.ring;
  }
}
