// From a store to the records that it can keep.

import type { Store } from '../store.ts';
import type { RecordBook } from './record-book.ts';
import { RedisRecords } from './redis-records.ts';
import { SqliteRecords } from './sqlite-records.ts';

/** Null for a store that keeps none. */
export function recordsIn(store: Store): RecordBook | null {
  if (store.kind === 'redis') return new RedisRecords(store);
  return store.kind === 'sqlite' ? new SqliteRecords(store) : null;
}
