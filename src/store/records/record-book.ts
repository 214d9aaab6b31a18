// The contract of small texts that gateways agree on by way of a store: read by all, written by whoever saw the newest. Contract only; Redis
// and SQLite fulfil it beside this file.

/** What nobody read or wrote for this long is forgotten. */
export const RECORD_DAYS = 90;

export interface KeptRecord {
  /** From 1 up, one more with each write. */
  readonly version: number;
  readonly text: string;
}

/** Everything rejects with `StoreAway` while nothing can be asked. */
export interface RecordBook {
  /** By key; what is not there is left out. */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, KeptRecord>>;
  /** Puts a text in the place of the version that was read, 0 for none. False when another one stands there by now. */
  write(key: string, text: string, before: number): Promise<boolean>;
}
