// The contract between a filter that limits and a store that counts: one call for stores that answer at once (shared memory, Redis
// with local shares) and for those that answer later (exact Redis). Contracts only.

import { DEBT_BURSTS_MAX, isBucket, type LimitRule } from './limit-rule.ts';

export interface LimiterStore {
  /** Opens limits that are decided together: all admit, or none takes anything. Called when a configuration is compiled. */
  open(rules: readonly LimitRule[]): Limiter;
}

/** A stack of limits that are decided together. */
export interface Limiter {
  readonly rules: readonly LimitRule[];
  /** False when `decide` returns promises: each call then needs its own `LimitCall`. */
  readonly answersAtOnce: boolean;
  /**
   * Keys for `KeyedHash`, two words per limit: the hash of a caller under the key of a limit identifies the caller in that limit. The
   * same for all workers and gateways that share the budget.
   */
  readonly hashKeys: Int32Array;
  /**
   * Returns true when every limit admits the call, and then takes its costs; false when one refuses, and then nothing is taken. `call`
   * holds the details. Allocates nothing when it answers at once. Never rejects: what happens when the store cannot count is a
   * setting (`onStoreFailure`).
   */
  decide(call: LimitCall): boolean | Promise<boolean>;
  /** Takes units that became known later, whether they fit or not: any excess is owed, within bounds. Never waits, never refuses. */
  charge(call: LimitCall, limit: number, units: number): void;
}

/** Question to a `Limiter` and its answer. All arrays are in the order of the limiter's rules. */
export class LimitCall {
  /** Two words per limit, from `KeyedHash`. */
  readonly keys: Int32Array;
  /** Whole units, 1 or more. */
  readonly costs: Int32Array;
  /** Index of the first limit that refused; -1 when none did. A call that is refused with -1 met a store that is away. */
  refusedBy: number;
  /** False when the store is away and `open` or `closed` decided: `remaining`, `waitMs` and `resetMs` are then meaningless. */
  isCounted: boolean;
  /** Whole units left after the cost of this call. */
  readonly remaining: Float64Array;
  /** Milliseconds until the cost of this call fits; 0 when it fits now, Infinity when it never will. */
  readonly waitMs: Float64Array;
  /** Milliseconds until the whole budget is available again. */
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

  /** After a refusal, corrects the figures of the limits that would have admitted the call: nothing was taken from them. */
  correctFigures(rules: readonly LimitRule[]): void {
    const { costs, remaining, waitMs, resetMs } = this;
    for (let at = 0; at < costs.length; at++) {
      if (waitMs[at] !== 0) continue;
      const cost = costs[at]!;
      const rule = rules[at]!;
      remaining[at]! += cost;
      if (isBucket(rule)) resetMs[at] = Math.max(0, resetMs[at]! - (cost * rule.perMs) / rule.count);
    }
  }

  /** Corrects the figures of a limit of which `units` were taken after the call. */
  correctForCharge(at: number, units: number, rule: LimitRule): void {
    const { remaining, resetMs } = this;
    remaining[at] = Math.max(0, remaining[at]! - units);
    if (!isBucket(rule)) return;
    const msPerUnit = rule.perMs / rule.count;
    resetMs[at] = Math.min((1 + DEBT_BURSTS_MAX) * rule.burst * msPerUnit, resetMs[at]! + units * msPerUnit);
  }
}
