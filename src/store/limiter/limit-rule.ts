// One limit as every store understands it: numbers and the name of an algorithm. Knows no caller and no request.

export const algorithms = ['gcra', 'tokenBucket', 'slidingWindow', 'slidingLog', 'fixedWindow'] as const;

export type AlgorithmName = (typeof algorithms)[number];

/** `count` units in `perMs`, and for gcra and tokenBucket `burst` of them at once. */
export interface LimitRule {
  /** Tells apart the budgets of different limits: the same text is the same budget, on every worker and over reloads. */
  readonly identity: string;
  readonly algorithm: AlgorithmName;
  /** 1 to `COUNT_MAX`, and no more than `PER_SECOND_MAX` in a second. */
  readonly count: number;
  /** A second at least, `PER_MS_MAX` at most. */
  readonly perMs: number;
  /** Units at once after a rest, 1 to `COUNT_MAX`. The windows have none: they admit `count` at once. */
  readonly burst: number;
}

/** Largest `count` and `burst`. */
export const COUNT_MAX = 100_000_000;

/** Fastest rate: beyond it, 32-bit ticks would run round too soon. */
export const PER_SECOND_MAX = 1_000_000;

/** Longest window: 31 days. */
export const PER_MS_MAX = 31 * 86_400_000;

/** The log keeps a time a unit, so its memory grows with its limit. */
export const LOG_COUNT_MAX = 10_000;

/** Most that one caller can owe for answers that cost more than was left, in bursts. */
export const DEBT_BURSTS_MAX = 9;

/** Whether it gives back evenly and has a burst; the others are windows. */
export function isBucket({ algorithm }: Pick<LimitRule, 'algorithm'>): boolean {
  return algorithm === 'gcra' || algorithm === 'tokenBucket';
}

/** The same budget is counted differently by another algorithm or rate, so those have cells of their own. */
export function ruleIdentity({ identity, algorithm, count, perMs, burst }: LimitRule): string {
  return `${algorithm} ${count}/${perMs} ${burst} ${identity}`;
}
