// The session ticket keys of the whole process: made here, replaced regularly, the same on every worker.

import { randomBytes } from 'node:crypto';
import type { Config } from '../config/config.ts';
import type { TicketKeys } from '../net/tls/tls-material.ts';

const KEY_BYTES = 48;
/** Old keys that still decrypt, so that a ticket stays valid for its whole lifetime. */
const OLD_KEYS_MAX = 2;

export class TicketKeyMaker {
  private current: TicketKeys = [makeKey()];
  private readonly send: (keys: TicketKeys) => void;
  private timer: NodeJS.Timeout | null = null;
  private everyMs = 0;

  /** `send` sends new keys to all workers. */
  constructor(send: (keys: TicketKeys) => void) {
    this.send = send;
  }

  /** The current keys, for a worker that starts; the first encrypts. */
  get keys(): TicketKeys {
    return this.current;
  }

  /** Makes a new key every `ms` milliseconds, the shortest lifetime of a ticket; 0 stops. */
  replaceEvery(ms: number): void {
    if (ms === this.everyMs) return;
    this.stop();
    this.everyMs = ms;
    if (ms > 0) this.timer = setInterval(() => this.replace(), ms).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.everyMs = 0;
  }

  replace(): void {
    this.current = [makeKey(), ...this.current.slice(0, OLD_KEYS_MAX)];
    this.send(this.current);
  }
}

/** How often keys are replaced, in milliseconds: the shortest lifetime of a ticket. 0 when no listener uses the gateway's own keys. */
export function ticketLifetimeMs({ listeners }: Pick<Config, 'listeners'>): number {
  const lifetimes = listeners.flatMap(({ tls }) =>
    tls === null || tls.sessionTickets.keys !== null ? [] : [tls.sessionTickets.lifetimeMs],
  );
  return lifetimes.length === 0 ? 0 : Math.min(...lifetimes);
}

function makeKey(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}
