// A named store for filters and feed sources. It is made unopened: nothing is connected before the first call, or `open`.

import { PostgresStore } from './postgres/postgres-store.ts';
import { RedisStore } from './redis/redis-store.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';
import type { StoreSpec } from './store-spec.ts';

/** The kinds differ by `kind`. Each has `open()`, which waits for the first try and never rejects, and `close()`. */
export type Store = RedisStore | PostgresStore | SqliteStore;

export function makeStore(spec: StoreSpec): Store {
  switch (spec.kind) {
    case 'redis':
    case 'redisCluster':
      return new RedisStore(spec);
    case 'postgres':
      return new PostgresStore(spec);
    case 'sqlite':
      return new SqliteStore(spec);
  }
}
