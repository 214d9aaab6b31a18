// The contract between whoever limits and whatever counts: one call for stores that answer at once (shared memory, Redis with
// local shares) and for those that answer later (Redis, exact). Contracts only.

import { isBucket, type LimitRule } from './limit-rule.ts';

export interface LimiterStore {
  /** Limits that are decided together: all admit, or none takes anything. Called when a configuration is compiled. */
  open(rules: readonly LimitRule[]): Limiter;
}

/** A stack of limits. */
export interface Limiter {
  readonly rules: readonly LimitRule[];
  /** False when `decide` gives promises: each call then needs a `LimitCall` of its own. */
  readonly answersAtOnce: boolean;
  /**
   * Keys for `KeyedHash`, two words a limit: what it makes of a caller under them is his key in that limit. The same for all
   * who share the budget.
   */
  readonly hashKeys: Int32Array;
  /**
   * True when every limit admits the call, whose costs are then taken; false when one refuses, and nothing is taken from any.
   * `call` says the rest. Allocates nothing when it answers at once. Never rejects: what a store does when it cannot count is
   * its own setting.
   */
  decide(call: LimitCall): boolean | Promise<boolean>;
  /** Takes what turned out later, whether it fits or not: what goes beyond is owed, within bounds. Never waits, never refuses. */
  charge(call: LimitCall, limit: number, units: number): void;
}

/** What is asked of a `Limiter`, and what it answered; places are those of its rules. */
export class LimitCall {
  /** Two words a limit, as `KeyedHash` gives them. */
  readonly keys: Int32Array;
  /** Whole units, 1 or more. */
  readonly costs: Int32Array;
  /** Place of the first limit that refused; -1 when none did: a call that is refused all the same met a store that is away. */
  refusedBy: number;
  /** False where the store is away and `open` or `closed` decided: what is left, and until when, then says nothing. */
  isCounted: boolean;
  /** Whole units left, the cost of this call taken off. */
  readonly remaining: Float64Array;
  /** Until the cost of this call fits; 0 where it does, Infinity where it never will. */
  readonly waitMs: Float64Array;
  /** Until the whole budget is there again. */
  readonly resetMs: Float64Array;

  constructor(limits: number) {
    this.keys = new Int32Array(2 * limits);
    this.costs = new Int32Array(limits).fill(1);
    this.refusedBy = -1;
    this.isCounted = true;
    this.remaining = new Float64Array(limits);
    this.waitMs = new Float64Array(limits);
    this.resetMs = new Float64Array(limits);
  }

  /** Refused by one of several: of the others, which would have admitted, it is told how they are, since nothing was taken. */
  giveBack(rules: readonly LimitRule[]): void {
    const { costs, remaining, waitMs, resetMs } = this;
    for (let at = 0; at < costs.length; at++) {
      if (waitMs[at] !== 0) continue;
      const cost = costs[at]!;
      const rule = rules[at]!;
      remaining[at]! += cost;
      if (isBucket(rule)) resetMs[at] = Math.max(0, resetMs[at]! - (cost * rule.perMs) / rule.count);
    }
  }
}
