// Where identity filters that run in turn record refusals instead of counting them: a credential that another one accepts is no failure.

import type { Exchange } from '../exchange.ts';

export interface RefusalTally {
  /**
   * Keeps `count` until it is known whether some filter recognised the caller: then `count` is dropped if one did, else called. `wasValid`:
   * the credential was valid once. The refusals of other filters that look for theirs only in the same place are then no guesses either.
   */
  note(exchange: Exchange, count: () => void, wasValid: boolean): void;
}
