// Whether a canary does worse than the stable version, judged by the figures of both. Pure; canary-state.ts decides when to ask.

import { errorRate, p99Ms, slowerThan, type VersionCounts } from './version-counts.ts';

export interface SuccessCriteria {
  /** How far the canary's share of failures may exceed that of the stable version, 0 to 1. */
  readonly errorRate: number;
  /** How many times the p99 of the stable version the canary's p99 may be. */
  readonly p99Factor: number;
  /** Requests of a version below which it is not found good. */
  readonly minimum: number;
}

/** Figures of the stable version, which the canary is compared with. */
export interface StableFigures {
  readonly errorRate: number;
  readonly p99Ms: number;
}

/** A canary is bad only when it misses a criterion by more than this many standard deviations, to allow for chance. */
const DEVIATIONS = 3;

/** A smaller difference of p99 never counts against a canary: schedulers and garbage collectors cause as much. */
const P99_SLACK_MS = 10;

/** Without figures of the stable version, the canary fails only at an error rate that is right for no service. */
const HOPELESS_ERROR_RATE = 0.5;

export type Verdict = 'good' | 'unknown' | 'errors' | 'p99';

/** The figures that a canary is compared with, from the counts of the stable version. */
export function stableFigures(counts: VersionCounts): StableFigures {
  return { errorRate: errorRate(counts), p99Ms: p99Ms(counts) };
}

/**
 * A canary is bad once it is sure to miss a criterion by the end of `minimum` requests, so that one that fails altogether is found out
 * after a handful. It is good only after `minimum` requests.
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

/** How many of `requests` may miss a criterion that a share of `rate` may miss, allowing for chance. */
export function tolerated(requests: number, rate: number): number {
  const mean = requests * rate;
  return mean + DEVIATIONS * Math.sqrt(mean * (1 - rate));
}
