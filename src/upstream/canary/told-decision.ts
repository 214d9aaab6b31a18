// A decision with its figures as people and programs get it: rounded, and without what JSON cannot say.

import type { Decision } from './canary-state.ts';

export interface ToldDecision extends Omit<Decision, 'stable'> {
  readonly at: string;
  readonly stableErrorRate: number | null;
  readonly stableP99Ms: number | null;
}

export function toldDecision({ stable, ...decision }: Decision): ToldDecision {
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

/** Null for the last bucket, which has no end. */
export function finiteMs(ms: number): number | null {
  return Number.isFinite(ms) ? Math.round(ms * 100) / 100 : null;
}
