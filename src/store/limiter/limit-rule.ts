// One limit as every store understands it: numbers and the name of an algorithm. Knows no caller and no request.

export const algorithms = ['gcra', 'tokenBucket', 'slidingWindow', 'slidingLog', 'fixedWindow'] as const;

export type AlgorithmName = (typeof algorithms)[number];

/** `count` units per `perMs`; gcra and tokenBucket admit up to `burst` of them at once. */
export interface LimitRule {
  /** Tells the budgets of different limits apart: the same text is the same budget, on every worker and over reloads. */
  readonly identity: string;
  readonly algorithm: AlgorithmName;
  /** Units: 1 to `COUNT_MAX`, and at most `PER_SECOND_MAX` per second. */
  readonly count: number;
  /** Milliseconds: at least one second, at most `PER_MS_MAX`. */
  readonly perMs: number;
  /** Units admitted at once after a rest, 1 to `COUNT_MAX`. The windows do not use it: they admit `count` at once. */
  readonly burst: number;
}

/** Largest `count` and `burst`. */
export const COUNT_MAX = 100_000_000;

/** Highest rate: above it, the 32-bit ticks would wrap around too soon. */
export const PER_SECOND_MAX = 1_000_000;

/** Longest window: 31 days. */
export const PER_MS_MAX = 31 * 86_400_000;

/** Largest `count` of a sliding log, which stores one time per unit: its memory grows with the limit. */
export const LOG_COUNT_MAX = 10_000;

/** Largest debt of one caller, in bursts, from responses that cost more than was left. */
export const DEBT_BURSTS_MAX = 9;

/** Whether the algorithm gives units back evenly and has a burst; the others are windows. */
export function isBucket({ algorithm }: Pick<LimitRule, 'algorithm'>): boolean {
  return algorithm === 'gcra' || algorithm === 'tokenBucket';
}

/** Names the cells of a budget. Contains algorithm and rate, since with another one the same budget is counted differently. */
export function ruleIdentity({ identity, algorithm, count, perMs, burst }: LimitRule): string {
  return `${algorithm} ${count}/${perMs} ${burst} ${identity}`;
}
