// Makes the record book in a named store.

import type { Store } from '../store.ts';
import type { RecordBook } from './record-book.ts';
import { RedisRecords } from './redis-records.ts';
import { SqliteRecords } from './sqlite-records.ts';

/** Null for a kind of store that keeps no records. */
export function recordsIn(store: Store): RecordBook | null {
  if (store.kind === 'redis') return new RedisRecords(store);
  return store.kind === 'sqlite' ? new SqliteRecords(store) : null;
}
