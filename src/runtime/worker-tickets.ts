// The session ticket keys on one worker, for all listeners that have no ticket key file of their own.

import { TicketRing } from '../net/tls/ticket-ring.ts';
import type { ServerTlsMaterial } from '../net/tls/tls-material.ts';
import type { TicketKeyRings } from './ticket-keys.ts';

export class WorkerTickets {
  /** By the lifetime of the tickets, in ms. */
  private readonly rings = new Map<number, TicketRing>();

  /** Takes all keys from the supervisor; the first of each list encrypts. */
  receive(keys: TicketKeyRings): void {
    for (const [lifetimeMs, list] of keys) {
      const ring = this.rings.get(lifetimeMs);
      if (ring === undefined) this.rings.set(lifetimeMs, new TicketRing(list));
      else ring.become(list);
    }
    for (const lifetimeMs of this.rings.keys()) if (!keys.has(lifetimeMs)) this.rings.delete(lifetimeMs);
  }

  /** A ring of the listener's own keys, or the ring of the gateway's keys for tickets that live as long. */
  ringFor({ ticketKeys, ticketLifetimeMs }: Pick<ServerTlsMaterial, 'ticketKeys' | 'ticketLifetimeMs'>): TicketRing {
    if (ticketKeys !== null) return new TicketRing(ticketKeys);
    const ring = this.rings.get(ticketLifetimeMs);
    if (ring === undefined) throw new Error('the worker has no keys for these tickets');
    return ring;
  }
}
