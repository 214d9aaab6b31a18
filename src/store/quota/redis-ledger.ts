// Quotas in Redis: a counter a key and period, which goes by itself.

import type { RedisStore } from '../redis/redis-store.ts';
import type { LedgerEntry, QuotaLedger } from './quota-ledger.ts';

/** Keys lie in slots of their own, so a cluster spreads them: one call a key, all of them in one write. */
const script = `
local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
return sum
`;

export class RedisLedger implements QuotaLedger {
  private readonly store: RedisStore;

  constructor(store: RedisStore) {
    this.store = store;
  }

  async add(entries: readonly LedgerEntry[]): Promise<readonly (number | null)[]> {
    const sums = await Promise.allSettled(
      entries.map(({ key, units, expiresAt }) =>
        this.store.command('EVAL', script, 1, this.store.key(`q:${key}`), units, expiresAt),
      ),
    );
    const [first] = sums;
    if (first?.status === 'rejected' && sums.every(({ status }) => status === 'rejected')) throw first.reason;
    // Because: what the others took must not be told again for the sake of one that failed.
    return sums.map(sum => (sum.status === 'fulfilled' ? Number(sum.value) : null));
  }
}
