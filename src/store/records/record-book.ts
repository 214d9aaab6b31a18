// The contract of small texts on which gateways agree through a store: all read them, and a gateway that saw the newest version writes.
// Contract only; Redis and SQLite implement it in files beside this one.

/** A record that was neither read nor written for this long is forgotten. */
export const RECORD_DAYS = 90;

export interface KeptRecord {
  /** Counts from 1, one up with each write. */
  readonly version: number;
  readonly text: string;
}

/** All methods reject with `StoreAway` while the store is away. */
export interface RecordBook {
  /** The records by key; missing ones are left out. */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, KeptRecord>>;
  /** Replaces version `before`, the one that was read, or 0 for none. False when another version has taken its place. */
  write(key: string, text: string, before: number): Promise<boolean>;
}
