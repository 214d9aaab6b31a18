// The contract of what keeps quotas over restarts: sums by key. Contract only; `redis-ledger.ts` and `sqlite-ledger.ts` fulfil it.

/** Units used since the last time; 0 asks for the sum. */
export interface LedgerEntry {
  readonly key: string;
  readonly units: number;
  /** Of this ledger, counted up: the same one is the same use, told again since it is not known whether it was added. Then it is added once. */
  readonly turn: number;
  /** Milliseconds since 1970 after which nobody asks any more. */
  readonly expiresAt: number;
}

export interface QuotaLedger {
  /**
   * Adds and gives the sums, in the order of the entries; null for one of which it is not known whether it was added, as where one server
   * of a cluster is away: those are told again, with the same turn. Rejects with `StoreAway` when that is so of all.
   */
  add(entries: readonly LedgerEntry[]): Promise<readonly (number | null)[]>;
}
