// Whether a canary does worse than the stable version, out of the figures of both. Pure; when it is asked is in canary-state.ts.

import { errorRate, p99Ms, slowerThan, type VersionCounts } from './version-counts.ts';

export interface SuccessCriteria {
  /** By how much the canary's share of failures may be above the stable one's, 0 to 1. */
  readonly errorRate: number;
  /** How many times the stable p99 the canary's may be. */
  readonly p99Factor: number;
  /** Requests of either version below which nothing is said well of it. */
  readonly minimum: number;
}

/** What the stable version does: what the canary is held against. */
export interface StableFigures {
  readonly errorRate: number;
  readonly p99Ms: number;
}

/** Chance has this many standard deviations before anything is held against a canary. */
const DEVIATIONS = 3;

/** A difference of p99 below this is never held against a canary: it is within what schedulers and collectors do. */
const P99_SLACK_MS = 10;

/** Without figures of the stable version, only what could be right for no service counts. */
const HOPELESS_ERROR_RATE = 0.5;

export type Verdict = 'good' | 'unknown' | 'errors' | 'p99';

/** What a canary is compared with, from the counts of the stable version. */
export function stableFigures(counts: VersionCounts): StableFigures {
  return { errorRate: errorRate(counts), p99Ms: p99Ms(counts) };
}

/**
 * A canary is bad once it is sure to miss a criterion by the end of `minimum` requests, so that one which fails altogether is found out
 * after a handful; it is good only after as many.
 */
export function judge(canary: VersionCounts, stable: StableFigures | null, criteria: SuccessCriteria): Verdict {
  const judged = Math.max(canary.requests, criteria.minimum);
  const allowedRate = stable === null ? HOPELESS_ERROR_RATE : Math.min(1, stable.errorRate + criteria.errorRate);
  if (canary.errors > tolerated(judged, allowedRate)) return 'errors';
  if (stable === null) return 'unknown';
  const limitMs = Math.max(stable.p99Ms * criteria.p99Factor, stable.p99Ms + P99_SLACK_MS);
  if (slowerThan(canary, limitMs) > tolerated(judged, 0.01)) return 'p99';
  return canary.requests < criteria.minimum ? 'unknown' : 'good';
}

/** How many of `requests` may miss what `rate` may, with what chance does beside. */
export function tolerated(requests: number, rate: number): number {
  const mean = requests * rate;
  return mean + DEVIATIONS * Math.sqrt(mean * (1 - rate));
}
