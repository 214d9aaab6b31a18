// Quotas in Redis: a counter a key and period, which goes by itself. Beside it stands what was added last for each of those who add, so that use that was sent and
// not answered can be sent again.

import { randomBytes } from 'node:crypto';
import type { RedisStore } from '../redis/redis-store.ts';
import type { LedgerEntry, QuotaLedger } from './quota-ledger.ts';

/** How long somebody's last turn stays, where others add: longer than an answer is waited for, and a server is away mostly. */
const TURN_KEPT_S = 600;

/**
 * Keys lie in slots of their own, so a cluster spreads them: one call a key, all of them in one write. ARGV: units, when the key goes, who adds, his turn. The value is the sum, and
 * for each of those who add ` <who>:<seconds since 1970>:<turn>`. A question writes as well, so that a Redis which takes nothing does not count as one that does.
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
    // Because: what the others took must not be told again for the sake of one that failed.
    return sums.map(sum => (sum.status === 'fulfilled' ? Number(sum.value) : null));
  }
}
