// Counts consecutive connections that an endpoint ends by GOAWAY soon after they were opened: such an endpoint seems to be draining. Ending
// old connections, or those that served many requests, is normal and resets the count. outlier-watch.ts decides what follows.

import type { StateBlock } from '../state/shared-states.ts';
import { StateCell } from '../state/state-cells.ts';

/** Ending a connection of this age, or after this many requests, is normal. */
const LIVED_MS = 1_000;
const LIVED_REQUESTS = 100;

export class GoawayCount {
  private readonly block: StateBlock;

  constructor(block: StateBlock) {
    this.block = block;
  }

  /** The endpoint sent GOAWAY on a connection of this age after so many requests. */
  told(requests: number, ageMs: number): void {
    const { words, at } = this.block;
    const cell = at + StateCell.goawaysInARow;
    if (ageMs >= LIVED_MS || requests >= LIVED_REQUESTS) Atomics.store(words, cell, 1);
    // 0 means that no connection lived long before: an endpoint that ends every connection soon is not draining.
    else if (words[cell] !== 0) Atomics.add(words, cell, 1);
  }
}
