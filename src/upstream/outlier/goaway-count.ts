// Counts the connections that an endpoint ends by GOAWAY soon after they were made, one after the other: it seems to be draining. One that ends
// old connections, or those that served many requests, only keeps house. What follows from it is decided in outlier-watch.ts.

import type { StateBlock } from '../state/shared-states.ts';
import { StateCell } from '../state/state-cells.ts';

/** As old as this, or with so many requests behind it, a connection has lived its life. */
const LIVED_MS = 1_000;
const LIVED_REQUESTS = 100;

export class GoawayCount {
  private readonly block: StateBlock;

  constructor(block: StateBlock) {
    this.block = block;
  }

  /** A connection that had served so many requests was told to end. */
  told(requests: number, ageMs: number): void {
    const { words, at } = this.block;
    const cell = at + StateCell.goaways;
    if (ageMs >= LIVED_MS || requests >= LIVED_REQUESTS) Atomics.store(words, cell, 1);
    // An endpoint that never let one live is not draining: that is its way.
    else if (words[cell] !== 0) Atomics.add(words, cell, 1);
  }
}
