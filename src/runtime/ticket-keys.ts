// The keys of session tickets of the whole process: made here, replaced in time, the same on every worker.

import { randomBytes } from 'node:crypto';
import type { Config } from '../config/config.ts';
import type { TicketKeys } from '../net/tls/tls-material.ts';

const KEY_BYTES = 48;
/** Old keys that still decrypt: a ticket then lives for as long as it says. */
const OLD_KEYS_MAX = 2;

export class TicketKeyMaker {
  private current: TicketKeys = [makeKey()];
  private readonly send: (keys: TicketKeys) => void;
  private timer: NodeJS.Timeout | null = null;
  private everyMs = 0;

  /** `send` brings new keys to all workers. */
  constructor(send: (keys: TicketKeys) => void) {
    this.send = send;
  }

  /** For a worker that starts. */
  get keys(): TicketKeys {
    return this.current;
  }

  /** Makes a new key this often, the shortest life of a ticket; 0 stops. */
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

/** How often keys are replaced: the shortest life of a ticket; 0 where no listener needs the gateway's own keys. */
export function ticketLifetimeMs({ listeners }: Pick<Config, 'listeners'>): number {
  const lifetimes = listeners.flatMap(({ tls }) =>
    tls === null || tls.sessionTickets.keys !== null ? [] : [tls.sessionTickets.lifetimeMs],
  );
  return lifetimes.length === 0 ? 0 : Math.min(...lifetimes);
}

function makeKey(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}
