// What the administrator sees of a canary: its step, the figures that it is judged by, and the decisions that led there.

import type { CanaryConfig } from '../config/rollout-config.ts';
import type { CanaryAgreement } from '../upstream/canary/canary-agreement.ts';
import { type CanaryPhase, type Look, shareOf } from '../upstream/canary/canary-state.ts';
import { type DecisionReport, finiteMs, roundedShare } from '../upstream/canary/decision-report.ts';
import { countsSince, errorRate, p99Ms, type VersionCounts } from '../upstream/canary/version-counts.ts';

/** What `/routes` shows of a canary. */
export interface CanaryReport {
  readonly upstream: string;
  /** `unknown` until its store has returned the state: then no request gets the canary. */
  readonly phase: CanaryPhase | 'unknown';
  /** Such as `2 of 4`. */
  readonly step: string;
  readonly share: number;
  readonly since: string | null;
  /** Name of the store that keeps the state; null when the state is in memory and ends with the process. */
  readonly store: string | null;
  readonly stable: VersionFigures;
  readonly canary: VersionFigures;
  readonly decisions: readonly DecisionReport[];
}

interface VersionFigures {
  readonly requests: number;
  readonly errorRate: number;
  readonly p99Ms: number | null;
}

/** The figures count from the last decision on. */
export function canaryReport(
  spec: CanaryConfig,
  { state, decisions }: CanaryAgreement,
  { nowMs, stable, canary }: Look,
): CanaryReport {
  return {
    upstream: spec.upstream,
    phase: state?.phase ?? 'unknown',
    step: `${(state?.step ?? 0) + 1} of ${spec.steps.length}`,
    share: state === null ? 0 : shareOf(state, spec),
    since: state === null ? null : new Date(Date.now() - (nowMs - state.since)).toISOString(),
    store: spec.store ?? null,
    stable: figuresOf(state === null ? stable : countsSince(stable, state.stableBefore)),
    canary: figuresOf(state === null ? canary : countsSince(canary, state.canaryBefore)),
    decisions,
  };
}

function figuresOf(counts: VersionCounts): VersionFigures {
  return {
    requests: counts.requests,
    errorRate: roundedShare(errorRate(counts)),
    p99Ms: finiteMs(p99Ms(counts)),
  };
}
