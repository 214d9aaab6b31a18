// Detects budgets over the same callers that contradict each other: limits that can never take effect.

import type { Rate } from '../rate.ts';
import type { KeyPart } from './budget-key.ts';
import type { CostConfig } from './budget-rate.ts';

/** The settings of a limit that decide whether it can contradict another limit. */
interface Budget {
  readonly name: string;
  readonly rate: Rate | null;
  readonly burst: number;
  readonly algorithm: 'gcra' | 'tokenBucket' | 'slidingWindow' | 'slidingLog' | 'fixedWindow';
  readonly fallback: 'ip' | 'shared';
  readonly by: readonly KeyPart[];
  readonly cost: CostConfig;
  readonly plan: boolean;
  /** Path of the limit in the filter's configuration; empty for a single limit. */
  readonly path: readonly (string | number)[];
}

interface BudgetIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Reports each limit that another limit over the same callers makes pointless: the operator meant something else. */
export function budgetContradictions(limits: readonly Budget[]): BudgetIssue[] {
  const issues: BudgetIssue[] = [];
  for (const [at, limit] of limits.entries()) {
    const other = limits.findIndex((each, index) => index !== at && isStricter(each, limit, index < at));
    if (other === -1) continue;
    const { name } = limits[other]!;
    const message = `this limit can never be the one that refuses: "${name}" counts the same callers and admits no more, neither at once nor over time`;
    issues.push({ path: [...limit.path, ...(limit.path.length === 0 ? [] : ['limit'])], message });
  }
  return issues;
}

/** Whether `other` refuses whatever `limit` would refuse. Of two equal limits, only the later one is reported. */
function isStricter(other: Budget, limit: Budget, isFirst: boolean): boolean {
  if (limit.rate === null || other.rate === null || limit.plan || other.plan) return false;
  if (JSON.stringify([limit.by, limit.cost]) !== JSON.stringify([other.by, other.cost])) return false;
  if (!hasNoMoreBudgets(other, limit)) return false;
  if (!admitsNoMore(other, limit)) return isBeyondReach(other, other.rate, limit, limit.rate);
  if (!isBucket(limit) && mostInWindow(other, other.rate, limit, limit.rate) > limit.rate.count) return false;
  const difference = limit.rate.count * other.rate.perMs - other.rate.count * limit.rate.perMs;
  if (difference < 0 || limit.burst < other.burst) return false;
  return difference > 0 || limit.burst > other.burst || isFirst;
}

/**
 * Whether the algorithm of `other` admits no more than that of `limit` with the same numbers. Only a sliding log is exact: a bucket admits
 * a burst beside its limit in each window, a fixed window twice the limit around a boundary, and the two counters of a sliding window are
 * an estimate.
 */
function admitsNoMore(other: Budget, limit: Budget): boolean {
  const { algorithm } = other;
  return algorithm === limit.algorithm || algorithm === 'slidingLog' || (isBucket(other) && isBucket(limit));
}

/**
 * Whether not even the most that `other` can admit, by an algorithm that admits more than that of `limit`, uses `limit` up. Charges after
 * the response are owed for different times by different algorithms, so that then nothing is known.
 */
function isBeyondReach(other: Budget, rate: Rate, limit: Budget, { count, perMs }: Rate): boolean {
  if (limit.cost.responseHeader !== null) return false;
  // A bucket gains its rate all the time, so it has to hold only what two windows around a boundary admit at once.
  if (isBucket(limit)) return count * rate.perMs >= rate.count * perMs && limit.burst >= 2 * rate.count;
  const most = isBucket(other)
    ? other.burst + (rate.count * perMs) / rate.perMs
    : (Math.floor(perMs / rate.perMs) + 2) * rate.count;
  // Two counters may take what came in two of their windows for what came in one.
  return (limit.algorithm === 'slidingWindow' ? 2 : 1) * most <= count;
}

function isBucket({ algorithm }: Budget): boolean {
  return algorithm === 'gcra' || algorithm === 'tokenBucket';
}

/**
 * The most units of `other` that `limit` may find in one of its windows. Weeks do not begin with months: a month of thirty days is touched by
 * six weeks, and a log of a week admits five times within it.
 */
function mostInWindow(other: Budget, { count, perMs: each }: Rate, limit: Budget, { perMs: whole }: Rate): number {
  const step = greatestCommonDivisor(each, whole);
  const windows = Math.ceil((other.algorithm === 'slidingLog' ? whole : whole + each - step) / each);
  // Because: two counters may take what came in two of their windows for what came in one, unless those of `other` do so first.
  const isTwice =
    limit.algorithm === 'slidingWindow' && (other.algorithm === 'slidingLog' || step < Math.min(each, whole));
  return (isTwice ? 2 : 1) * windows * count;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * Whether `other` has no more separate budgets than `limit` for requests without the value of `by`. With the fallback `shared`, all of them
 * share one budget; with `ip`, each address has its own.
 */
function hasNoMoreBudgets(other: Budget, { by, fallback }: Budget): boolean {
  return fallback === 'ip' || other.fallback === 'shared' || by.every(({ kind }) => kind === 'ip');
}
