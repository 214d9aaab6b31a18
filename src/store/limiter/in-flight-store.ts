// The contract of limits on what is in progress at once: each request enters before and leaves exactly once afterwards. Contracts only.

export interface InFlightStore {
  /** A limit of at most `max` in progress at once for each key. `identity` as in `LimitRule`. */
  open(identity: string, max: number): InFlightLimit;
}

export interface InFlightLimit {
  readonly max: number;
  /** Keys for `KeyedHash`, two words, as in `Limiter`. */
  readonly hashKeys: Int32Array;
  /** Returns a ticket for `leave`, 0 or more; -1 when `max` are in progress. The tickets of a worker that dies end with it. */
  enter(keyLow: number, keyHigh: number): number | Promise<number>;
  /** To be called exactly once per ticket. */
  leave(ticket: number): void;
  /** Number in progress at this thread's last `enter`, including the new one if it was admitted. */
  readonly inFlight: number;
}
