// How many retries an upstream may get, from all routes and callers: a share of its requests, counted by all workers together.

import type { StateBlock } from '../state/shared-states.ts';
import { SlidingCount } from '../state/sliding-count.ts';
import { StateCell } from '../state/state-cells.ts';

const WINDOW_MS = 10_000;
/** Retries that are always allowed, so that the first failures of an upstream with few requests can be retried. */
const RESERVE = 10;

/**
 * In any ten seconds an upstream gets at most `share` retries for each request, or 10 if that is more. When everything fails, the upstream
 * gets `1 + share` times as many requests as clients send, and not a multiple of them.
 */
export class RetryBudget {
  private readonly requests: SlidingCount;
  private readonly retries: SlidingCount;

  constructor(block: StateBlock) {
    this.requests = new SlidingCount(block.words, block.at + StateCell.budgetRequests, WINDOW_MS);
    this.retries = new SlidingCount(block.words, block.at + StateCell.budgetRetries, WINDOW_MS);
  }

  /** Counts a request that is not a retry. */
  request(now: number): void {
    this.requests.add(1, now);
  }

  /** Takes a retry from the budget. False when none is left. */
  take(share: number, now: number): boolean {
    // Added before the check, so that two workers cannot both take the last retry.
    this.retries.add(1, now);
    if (this.retries.total(now) <= Math.max(RESERVE, share * this.requests.total(now))) return true;
    this.retries.add(-1, now);
    return false;
  }
}
