// The contract of what keeps quotas over restarts: sums by key. Contract only; `redis-ledger.ts` and `sqlite-ledger.ts` fulfil it.

/** Units used since the last time; 0 asks for the sum. */
export interface LedgerEntry {
  readonly key: string;
  readonly units: number;
  /** Milliseconds since 1970 after which nobody asks any more. */
  readonly expiresAt: number;
}

export interface QuotaLedger {
  /** Adds and gives the sums, in the order of the entries. Rejects with `StoreAway`; then nothing is known of what was added. */
  add(entries: readonly LedgerEntry[]): Promise<readonly number[]>;
}
