// Makes the quota ledger in a named store.

import type { Store } from '../store.ts';
import type { QuotaLedger } from './quota-ledger.ts';
import { RedisLedger } from './redis-ledger.ts';
import { SqliteLedger } from './sqlite-ledger.ts';

/** Null for a kind of store that keeps no quotas. */
export function ledgerIn(store: Store): QuotaLedger | null {
  if (store.kind === 'redis') return new RedisLedger(store);
  return store.kind === 'sqlite' ? new SqliteLedger(store) : null;
}
