// The session ticket keys of the whole process: made here, replaced regularly, the same on every worker. Listeners whose tickets live equally
// long share keys. Others do not: keys are replaced as often as the shorter-lived tickets ask, and kept as long as the longer-lived ones need.

import { randomBytes } from 'node:crypto';
import type { Config } from '../config/config.ts';
import type { TicketKeys } from '../net/tls/tls-material.ts';

const KEY_BYTES = 48;
/** Old keys that still decrypt, so that a ticket stays valid for its whole lifetime. */
const OLD_KEYS_MAX = 2;

/** Keys by the lifetime of the tickets, in ms. */
export type TicketKeyRings = ReadonlyMap<number, TicketKeys>;

export class TicketKeyMaker {
  private readonly rings = new Map<number, { keys: TicketKeys; readonly timer: NodeJS.Timeout }>();
  private readonly send: (rings: TicketKeyRings) => void;

  /** `send` sends new keys to all workers. */
  constructor(send: (rings: TicketKeyRings) => void) {
    this.send = send;
  }

  /** The current keys, for a worker that starts; the first of each list encrypts. */
  get keys(): TicketKeyRings {
    return new Map(Array.from(this.rings, ([lifetimeMs, { keys }]) => [lifetimeMs, keys]));
  }

  /** Makes keys for the lifetimes that have none. Returns whether there were any; these keys are not sent. */
  ensure(lifetimesMs: Iterable<number>): boolean {
    let isNew = false;
    for (const lifetimeMs of lifetimesMs) {
      if (this.rings.has(lifetimeMs)) continue;
      const timer = setInterval(() => this.replace(lifetimeMs), lifetimeMs).unref();
      this.rings.set(lifetimeMs, { keys: [makeKey()], timer });
      isNew = true;
    }
    return isNew;
  }

  /** Forgets the keys of all other lifetimes. */
  keepOnly(lifetimesMs: ReadonlySet<number>): void {
    for (const [lifetimeMs, { timer }] of this.rings) {
      if (lifetimesMs.has(lifetimeMs)) continue;
      clearInterval(timer);
      this.rings.delete(lifetimeMs);
    }
  }

  stop(): void {
    this.keepOnly(new Set());
  }

  private replace(lifetimeMs: number): void {
    // Because: its timer ends with it.
    const ring = this.rings.get(lifetimeMs)!;
    ring.keys = [makeKey(), ...ring.keys.slice(0, OLD_KEYS_MAX)];
    this.send(this.keys);
  }
}

/** The lifetimes of tickets, in ms, of the listeners that use the gateway's own keys. */
export function ticketLifetimesMs({ listeners }: Pick<Config, 'listeners'>): ReadonlySet<number> {
  return new Set(
    listeners.flatMap(({ tls }) =>
      tls === null || tls.sessionTickets.keys !== null ? [] : [tls.sessionTickets.lifetimeMs],
    ),
  );
}

function makeKey(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}
