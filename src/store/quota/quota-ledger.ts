// The contract of a store that keeps quotas over restarts: sums by key. Contract only; redis-ledger.ts and sqlite-ledger.ts implement it.

/** Units used since the last entry of this key; 0 only asks for the sum. */
export interface LedgerEntry {
  readonly key: string;
  readonly units: number;
  /** Counts up per ledger. An entry with the same turn is the same use, sent again since its fate is unknown; it is added once. */
  readonly turn: number;
  /** Milliseconds since 1970 after which the key is no longer needed. */
  readonly expiresAt: number;
}

export interface QuotaLedger {
  /**
   * Adds the entries and returns the sums in their order. A sum is null when it is not known whether the entry was added, as when one
   * server of a cluster is away: such an entry is sent again with the same turn. Rejects with `StoreAway` when this holds for all.
   */
  add(entries: readonly LedgerEntry[]): Promise<readonly (number | null)[]>;
  /** Name of the part that keeps a key now, such as a server of a cluster: each is away by itself. Absent where there are no parts. */
  partOf?(key: string): string;
}
