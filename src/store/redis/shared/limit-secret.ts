// The secret by which limits that gateways share hash their callers, so that nobody outside can look for a key that collides with another's.
// The first gateway leaves it in Redis for all others. It is not the password, which may change while budgets go on.

import { randomBytes } from 'node:crypto';
import type { RedisStore } from '../redis-store.ts';

/** Redis may lose it, and another gateway may then be the first to leave one. */
const LOOK_EVERY_MS = 10_000;

/** By Redis and key prefix: what this process used last, for a feed that begins while Redis is away, as with a password still to be set. */
const lastUsed = new Map<string, string>();

export class LimitSecret {
  private readonly store: RedisStore;
  private readonly onChange: () => void;
  private readonly place: string;
  private lookedAtMs = -Infinity;

  /** Calls `onChange` when another gateway's secret takes the place of `value`. */
  constructor(store: RedisStore, onChange: () => void) {
    this.store = store;
    this.onChange = onChange;
    const { nodes, database, keyPrefix } = store.spec;
    this.place = JSON.stringify([nodes, database, keyPrefix]);
    if (!lastUsed.has(this.place)) lastUsed.set(this.place, randomBytes(18).toString('base64url'));
  }

  get value(): string {
    return lastUsed.get(this.place)!;
  }

  /** Call it whenever the thread is awake anyway: it looks when it is time. */
  beat(nowMs: number): void {
    if (nowMs - this.lookedAtMs < LOOK_EVERY_MS || !this.store.available) return;
    this.lookedAtMs = nowMs;
    void this.look();
  }

  /** Takes the secret that lies in Redis, or leaves its own. Never rejects: while Redis is away, the value stays. */
  async look(): Promise<void> {
    const { store } = this;
    const name = store.key('limits:secret');
    const read = () => store.command('GET', name);
    try {
      let there = await read();
      if (there === null) {
        await store.command('SET', name, this.value, 'NX');
        there = await read();
      }
      if (typeof there !== 'string' || there === '' || there === this.value) return;
      lastUsed.set(this.place, there);
    } catch {
      // Because: whoever counts in Redis reports that it is away, or refuses.
      return;
    }
    this.onChange();
  }
}
