// The state of a canary on its way from step to step, and the next state after each look. Pure, so that it can be simulated;
// src/runtime/canary-desk.ts looks and applies the result.

import { judge, type StableFigures, type SuccessCriteria, stableFigures } from './canary-verdict.ts';
import { countsSince, errorRate, p99Ms, type VersionCounts } from './version-counts.ts';

export interface CanaryStep {
  /** Share of the requests that the canary gets, 0 to 1. */
  readonly share: number;
  readonly forMs: number;
}

export interface CanarySpec extends SuccessCriteria {
  /** The shares rise, and the last one is 1. */
  readonly steps: readonly CanaryStep[];
}

/** `baseline`: before a first step of 100 %, the canary waits for figures of the stable version, because there are none afterwards. */
export type CanaryPhase = 'baseline' | 'step' | 'promoted' | 'rolledBack';

export interface CanaryState {
  readonly phase: CanaryPhase;
  /** Index in `steps`. */
  readonly step: number;
  /** When this phase and step began, in milliseconds of the looks' clock. */
  readonly since: number;
  /** Whether the canary was found good in this step at least once. */
  readonly wasGood: boolean;
  /** Newest figures of the stable version that are based on enough requests; null while there are none. */
  readonly stable: StableFigures | null;
  /** When the window began in which both versions are compared, and the counts of both at that time. */
  readonly windowSince: number;
  readonly stableBefore: VersionCounts;
  readonly canaryBefore: VersionCounts;
}

export interface Look {
  readonly nowMs: number;
  /** Counts since an arbitrary start; they only grow. */
  readonly stable: VersionCounts;
  readonly canary: VersionCounts;
}

/** A change of state, as it is announced. */
export interface Decision {
  readonly kind: 'started' | 'step' | 'promoted' | 'rolledBack';
  readonly share: number;
  /** Why it was rolled back; empty otherwise. */
  readonly reason: '' | 'errors' | 'p99';
  readonly canaryRequests: number;
  readonly canaryErrorRate: number;
  readonly canaryP99Ms: number;
  /** Null while there are no figures of the stable version. */
  readonly stable: StableFigures | null;
}

/** A window with a good verdict ends after this time, so that a canary that turns bad late cannot hide behind its good hours. */
export const WINDOW_MS = 60_000;

/** The first state, with its first window open. A canary that starts with all requests first learns the figures of the stable version. */
export function startCanary(spec: CanarySpec, look: Look): CanaryState {
  const waits = spec.steps[0]!.share === 1;
  return openWindow(
    { phase: waits ? 'baseline' : 'step', step: 0, since: look.nowMs, wasGood: false, stable: null },
    look,
  );
}

/** Share of the requests that the canary gets, 0 to 1. */
export function shareOf({ phase, step }: CanaryState, { steps }: CanarySpec): number {
  if (phase === 'promoted') return 1;
  return phase === 'step' ? steps[step]!.share : 0;
}

/** Whether requests that are chosen by a rule get the canary. */
export function takesChosen({ phase }: CanaryState): boolean {
  return phase !== 'rolledBack';
}

/** The next state, and the decision to announce; null when nothing was decided. */
export function nextCanary(
  before: CanaryState,
  spec: CanarySpec,
  look: Look,
): { readonly state: CanaryState; readonly decision: Decision | null } {
  if (before.phase === 'promoted' || before.phase === 'rolledBack') return { state: before, decision: null };
  const stableNow = countsSince(look.stable, before.stableBefore);
  const stable = stableNow.requests >= spec.minimum ? stableFigures(stableNow) : before.stable;
  const canary = countsSince(look.canary, before.canaryBefore);
  const decide = (kind: Decision['kind'], reason: Decision['reason'], state: CanaryState) => ({
    state,
    decision: {
      kind,
      share: shareOf(state, spec),
      reason,
      canaryRequests: canary.requests,
      canaryErrorRate: errorRate(canary),
      canaryP99Ms: p99Ms(canary),
      stable,
    },
  });
  const moved = (phase: CanaryPhase, step: number) =>
    openWindow({ phase, step, since: look.nowMs, wasGood: false, stable }, look);

  const verdict = judge(canary, stable, spec);
  if (verdict === 'errors' || verdict === 'p99') return decide('rolledBack', verdict, moved('rolledBack', before.step));
  if (before.phase === 'baseline') {
    return stable === null ? { state: before, decision: null } : decide('step', '', moved('step', 0));
  }
  const wasGood = before.wasGood || verdict === 'good';
  if (wasGood && look.nowMs - before.since >= spec.steps[before.step]!.forMs) {
    const last = before.step === spec.steps.length - 1;
    return last
      ? decide('promoted', '', moved('promoted', before.step))
      : decide('step', '', moved('step', before.step + 1));
  }
  const isOver = verdict === 'good' && look.nowMs - before.windowSince >= WINDOW_MS;
  const state = { ...before, wasGood, stable };
  return { state: isOver ? openWindow(state, look) : state, decision: null };
}

function openWindow(
  state: Omit<CanaryState, 'windowSince' | 'stableBefore' | 'canaryBefore'>,
  { nowMs, stable, canary }: Look,
): CanaryState {
  return { ...state, windowSince: nowMs, stableBefore: stable, canaryBefore: canary };
}
