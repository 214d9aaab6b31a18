// From a store to the ledger that it can keep.

import type { Store } from '../store.ts';
import type { QuotaLedger } from './quota-ledger.ts';
import { RedisLedger } from './redis-ledger.ts';
import { SqliteLedger } from './sqlite-ledger.ts';

/** Null for a store that keeps none. */
export function ledgerIn(store: Store): QuotaLedger | null {
  if (store.kind === 'redis') return new RedisLedger(store);
  return store.kind === 'sqlite' ? new SqliteLedger(store) : null;
}
