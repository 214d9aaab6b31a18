// The contract for what may be under way at once: entered before, left exactly once behind. Contracts only.

export interface InFlightStore {
  /** At most `max` at once for each key of this limit. `identity` as in `LimitRule`. */
  open(identity: string, max: number): InFlightLimit;
}

export interface InFlightLimit {
  readonly max: number;
  /** Two words for `KeyedHash`, as in `Limiter`. */
  readonly hashKeys: Int32Array;
  /** A ticket to leave with, 0 or more; -1 when `max` are under way. A worker that dies leaves by dying. */
  enter(keyLow: number, keyHigh: number): number | Promise<number>;
  /** Once for each ticket. */
  leave(ticket: number): void;
  /** Under way at the last `enter` of this thread, the caller included if he was let in. */
  readonly inFlight: number;
}
