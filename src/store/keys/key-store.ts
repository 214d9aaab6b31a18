// Makes the key store for a named store of the configuration, whatever its kind.

import type { Store } from '../store.ts';
import type { KeyStore } from './key-record.ts';
import { PostgresKeys } from './postgres-keys.ts';
import { RedisKeys } from './redis-keys.ts';
import { SqliteKeys } from './sqlite-keys.ts';

export function keyStoreIn(store: Store): KeyStore {
  switch (store.kind) {
    case 'redis':
      return new RedisKeys(store);
    case 'postgres':
      return new PostgresKeys(store);
    case 'sqlite':
      return new SqliteKeys(store);
  }
}
