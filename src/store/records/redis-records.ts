// Records in Redis: one hash per key, which expires when nobody uses it.

import type { RedisStore } from '../redis/redis-store.ts';
import { type KeptRecord, RECORD_DAYS, type RecordBook } from './record-book.ts';

const DAY_SECONDS = 86_400;

/** Records are read often, so the expiry is renewed only when a day of it has passed. */
const readScript = `
local found = redis.call('HMGET', KEYS[1], 'v', 't')
if found[1] and redis.call('TTL', KEYS[1]) < ${(RECORD_DAYS - 1) * DAY_SECONDS} then
  redis.call('EXPIRE', KEYS[1], ${RECORD_DAYS * DAY_SECONDS})
end
return found`;

const writeScript = `
if tonumber(redis.call('HGET', KEYS[1], 'v') or '0') ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[1] + 1, 't', ARGV[2])
redis.call('EXPIRE', KEYS[1], ${RECORD_DAYS * DAY_SECONDS})
return 1`;

export class RedisRecords implements RecordBook {
  private readonly store: RedisStore;

  constructor(store: RedisStore) {
    this.store = store;
  }

  async read(keys: readonly string[]): Promise<ReadonlyMap<string, KeptRecord>> {
    const found = await Promise.all(
      keys.map(async key => {
        // Because: the script returns two texts, or null twice.
        const [version, text] = (await this.store.command('EVAL', readScript, 1, this.name(key))) as (string | null)[];
        return [key, version === null || text == null ? null : { version: Number(version), text }] as const;
      }),
    );
    return new Map(found.filter((each): each is readonly [string, KeptRecord] => each[1] !== null));
  }

  async write(key: string, text: string, before: number): Promise<boolean> {
    return (await this.store.command('EVAL', writeScript, 1, this.name(key), before, text)) === 1;
  }

  private name(key: string): string {
    return this.store.key(`record:${key}`);
  }
}
