// A named store as filters and feed sources hold it. Made unopened: nothing is connected before somebody asks, or calls `open`.

import { PostgresStore } from './postgres/postgres-store.ts';
import { RedisStore } from './redis/redis-store.ts';
import { SqliteStore } from './sqlite/sqlite-store.ts';
import type { StoreSpec } from './store-spec.ts';

/** Told apart by `kind`. Each can `open()`, which waits for the first try and never rejects, and `close()`. */
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
