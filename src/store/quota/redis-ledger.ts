// Quotas in Redis: one counter per key and period, which expires by itself. Beside the sum it keeps the last turn of each ledger that
// adds to it, so that use that was sent and not answered can be sent again.

import { randomBytes } from 'node:crypto';
import { serverOfKey } from '../redis/key-return-watch.ts';
import type { RedisStore } from '../redis/redis-store.ts';
import type { LedgerEntry, QuotaLedger } from './quota-ledger.ts';

/** Seconds for which the last turn of another ledger is kept: longer than an answer is awaited, and than most outages last. */
const TURN_KEPT_S = 600;

/**
 * Each key lies in a slot of its own, so that a cluster spreads the keys: one call per key, all sent in one write. ARGV: units, expiry of
 * the key, who adds, turn. The value is the sum, followed by ` <who>:<seconds since 1970>:<turn>` for each ledger that adds. A question
 * writes as well, so that a Redis that accepts no writes does not look healthy.
 */
const script = `
local sum, notes = string.match(redis.call('GET', KEYS[1]) or '0', '^(%-?%d+)(.*)$')
local units, who, turn, now = tonumber(ARGV[1]), ARGV[3], tonumber(ARGV[4]), tonumber(redis.call('TIME')[1])
local kept = {}
for other, seconds, last in string.gmatch(notes, '(%S+):(%d+):(%d+)') do
  if other == who then
    if tonumber(last) >= turn then units = 0; turn = tonumber(last) end
  elseif now - tonumber(seconds) < ${TURN_KEPT_S} then kept[#kept + 1] = other .. ':' .. seconds .. ':' .. last end
end
kept[#kept + 1] = string.format('%s:%.0f:%.0f', who, now, turn)
sum = tonumber(sum) + units
redis.call('SET', KEYS[1], string.format('%.0f ', sum) .. table.concat(kept, ' '))
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
return sum
`;

export class RedisLedger implements QuotaLedger {
  private readonly store: RedisStore;
  private readonly who = randomBytes(6).toString('base64url');

  constructor(store: RedisStore) {
    this.store = store;
  }

  async add(entries: readonly LedgerEntry[]): Promise<readonly (number | null)[]> {
    const { store, who } = this;
    const sums = await Promise.allSettled(
      entries.map(({ key, units, turn, expiresAt }) =>
        store.command('EVAL', script, 1, store.key(`q:${key}`), units, expiresAt, who, turn),
      ),
    );
    const [first] = sums;
    if (first?.status === 'rejected' && sums.every(({ status }) => status === 'rejected')) throw first.reason;
    // Because: entries that were added must not be sent again because another one failed.
    return sums.map(sum => (sum.status === 'fulfilled' ? Number(sum.value) : null));
  }

  partOf(key: string): string {
    return serverOfKey(this.store.driver, this.store.key(`q:${key}`));
  }
}
