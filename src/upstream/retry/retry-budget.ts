// How many retries an upstream may get, whoever asks for them: a share of its requests, counted by all workers together.

import type { StateBlock } from '../state/shared-states.ts';
import { SlidingCount } from '../state/sliding-count.ts';
import { StateCell } from '../state/state-cells.ts';

const WINDOW_MS = 10_000;
/** So that an upstream with few requests can have its first failures tried again. */
const RESERVE = 10;

/**
 * In any ten seconds an upstream gets at most `share` retries for each request, or 10 where that is more: when everything fails it is
 * asked `1 + share` times as often as clients ask, and not a multiple of it.
 */
export class RetryBudget {
  private readonly requests: SlidingCount;
  private readonly retries: SlidingCount;

  constructor(block: StateBlock) {
    this.requests = new SlidingCount(block.words, block.at + StateCell.budgetRequests, WINDOW_MS);
    this.retries = new SlidingCount(block.words, block.at + StateCell.budgetRetries, WINDOW_MS);
  }

  /** A request that is no retry. */
  request(now: number): void {
    this.requests.add(1, now);
  }

  /** Whether there is a retry left, which is then taken. */
  take(share: number, now: number): boolean {
    // Taken first and looked at afterwards: two workers never share the last one.
    this.retries.add(1, now);
    if (this.retries.total(now) <= Math.max(RESERVE, share * this.requests.total(now))) return true;
    this.retries.add(-1, now);
    return false;
  }
}
