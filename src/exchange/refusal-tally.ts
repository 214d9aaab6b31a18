// Where identity filters that run in turn record what they would count: a credential that another of them accepts is no failure.

import type { Exchange } from './exchange.ts';

export interface RefusalTally {
  /**
   * Keeps `count` until it is known whether some filter recognised the caller; then it is called, or dropped. `wasGood`: the credential is
   * one that was valid once, so that it is no guess for filters that look for theirs only in the same place.
   */
  note(exchange: Exchange, count: () => void, wasGood: boolean): void;
}
