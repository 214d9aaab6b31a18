// Where identity filters that run in turn record what they would count: a credential that another of them accepts is no failure.

import type { Exchange } from './exchange.ts';

export interface RefusalTally {
  /**
   * Keeps `count` until it is known whether somebody recognised the caller; then it is called, or never. `wasGood`: the credential is read
   * as one that was good once, so that it is no guess of those who look for theirs in the same place and nowhere else.
   */
  note(exchange: Exchange, count: () => void, wasGood: boolean): void;
}
