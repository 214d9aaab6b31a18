// What the administrator sees of a canary: where it is, by which figures, and how it came there.

import type { CanaryConfig } from '../config/rollout-config.ts';
import type { CanaryAgreement } from '../upstream/canary/canary-agreement.ts';
import { type CanaryPhase, type Look, shareOf } from '../upstream/canary/canary-state.ts';
import { finiteMs, roundedShare, type ToldDecision } from '../upstream/canary/told-decision.ts';
import { countsSince, errorRate, p99Ms, type VersionCounts } from '../upstream/canary/version-counts.ts';

/** What `/routes` shows of a canary. */
export interface CanaryReport {
  readonly upstream: string;
  /** `unknown` while its store has not told it: then nobody gets the canary. */
  readonly phase: CanaryPhase | 'unknown';
  /** `2 of 4`. */
  readonly step: string;
  readonly share: number;
  readonly since: string | null;
  /** Where it is kept; null in memory, until the process ends. */
  readonly store: string | null;
  readonly stable: VersionFigures;
  readonly canary: VersionFigures;
  readonly decisions: readonly ToldDecision[];
}

interface VersionFigures {
  readonly requests: number;
  readonly errorRate: number;
  readonly p99Ms: number | null;
}

/** Figures are those since the last decision. */
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
