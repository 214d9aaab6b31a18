// A decision with its figures for people and programs: rounded, and without values that JSON cannot express.

import type { Decision } from './canary-state.ts';

/**
 * `at` is in ISO 8601. A p99 in the last bucket, which has no end, is -1 for the canary and null for the stable version; null also means
 * that there are no figures of the stable version.
 */
export interface DecisionReport extends Omit<Decision, 'stable'> {
  readonly at: string;
  readonly stableErrorRate: number | null;
  readonly stableP99Ms: number | null;
}

export function decisionReport({ stable, ...decision }: Decision): DecisionReport {
  return {
    // Because: operators read it, and a canary decides a few times in its life.
    at: new Date().toISOString(),
    ...decision,
    canaryErrorRate: roundedShare(decision.canaryErrorRate),
    canaryP99Ms: finiteMs(decision.canaryP99Ms) ?? -1,
    stableErrorRate: stable === null ? null : roundedShare(stable.errorRate),
    stableP99Ms: stable === null ? null : finiteMs(stable.p99Ms),
  };
}

export function roundedShare(share: number): number {
  return Math.round(share * 1e6) / 1e6;
}

/** Rounded to hundredths; null for infinity, the end of the last bucket. */
export function finiteMs(ms: number): number | null {
  return Number.isFinite(ms) ? Math.round(ms * 100) / 100 : null;
}
