// API keys in Redis: a hash from key hash to record, a hash from id to key hash, and a change counter, all in one slot of a cluster.

import type { RedisStore } from '../redis/redis-store.ts';
import {
  byConsumerAndId,
  KeyExists,
  type KeyRecord,
  type KeyStore,
  parseRecord,
  serializeRecord,
} from './key-record.ts';

const addScript = `
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 or redis.call('HEXISTS', KEYS[2], ARGV[2]) == 1 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
redis.call('INCR', KEYS[3])
return 1`;

const revokeScript = `
local hash = redis.call('HGET', KEYS[2], ARGV[1])
if not hash then return 0 end
redis.call('HDEL', KEYS[1], hash)
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('INCR', KEYS[3])
return 1`;

export class RedisKeys implements KeyStore {
  private readonly store: RedisStore;
  private readonly byHash: string;
  private readonly byId: string;
  private readonly counter: string;

  constructor(store: RedisStore) {
    this.store = store;
    this.byHash = store.key('{keys}:by-hash');
    this.byId = store.key('{keys}:by-id');
    this.counter = store.key('{keys}:version');
  }

  async version(): Promise<string> {
    return String(await this.store.command('GET', this.counter));
  }

  async find(hash: string): Promise<KeyRecord | null> {
    const text = await this.store.command('HGET', this.byHash, hash);
    return typeof text === 'string' ? parseRecord(hash, text) : null;
  }

  async prepare(): Promise<void> {
    await this.version();
  }

  async add(record: KeyRecord): Promise<void> {
    // Because: neither an id nor a consumer's name contains a line break.
    const value = serializeRecord(record)!;
    const keys = [this.byHash, this.byId, this.counter];
    const added = await this.store.command('EVAL', addScript, keys.length, ...keys, record.hash, record.id, value);
    if (added !== 1) throw new KeyExists(record.id);
  }

  async revoke(id: string): Promise<boolean> {
    const keys = [this.byHash, this.byId, this.counter];
    return (await this.store.command('EVAL', revokeScript, keys.length, ...keys, id)) === 1;
  }

  async list(): Promise<readonly KeyRecord[]> {
    const records: KeyRecord[] = [];
    let cursor = '0';
    do {
      const answer = await this.store.command('HSCAN', this.byHash, cursor, 'COUNT', 1_000);
      // Because: HSCAN returns a cursor and a flat list of fields and values.
      const [next, pairs] = answer as [string, string[]];
      for (let at = 0; at < pairs.length; at += 2) records.push(parseRecord(pairs[at]!, pairs[at + 1]!));
      cursor = String(next);
    } while (cursor !== '0');
    return [...new Map(records.map(record => [record.id, record])).values()].sort(byConsumerAndId);
  }
}
