// Where identity filters that are asked in turn note what they would count: a credential that another of them takes is no failure.

import type { Exchange } from './exchange.ts';

export interface RefusalTally {
  /** Keeps `count` until it is known whether somebody recognised the caller; then it is called, or never. */
  note(exchange: Exchange, count: () => void): void;
}
