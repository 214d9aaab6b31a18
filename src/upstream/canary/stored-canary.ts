// A canary as it is kept in a store, from which a restarted gateway or another one continues. Counts are not stored: they belong to each
// process.

import type { CanaryPhase, CanarySpec, CanaryState, Look } from './canary-state.ts';
import type { StableFigures } from './canary-verdict.ts';
import type { DecisionReport } from './decision-report.ts';

export interface StoredCanary {
  readonly phase: CanaryPhase;
  readonly step: number;
  /** When this phase and step began, in milliseconds since 1970. */
  readonly since: number;
  /** Figures to compare the canary with when the stable version gets no requests any more. */
  readonly stable: StableFigures | null;
  readonly decisions: readonly DecisionReport[];
}

const phases: readonly string[] = ['baseline', 'step', 'promoted', 'rolledBack'] satisfies CanaryPhase[];

/** `calendarMs` is added to the looks' clock to get milliseconds since 1970. */
export function writeStored(
  { phase, step, since, stable }: CanaryState,
  decisions: readonly DecisionReport[],
  calendarMs: number,
): string {
  const finite = stable !== null && Number.isFinite(stable.p99Ms) ? stable : null;
  const kept: StoredCanary = { phase, step, since: Math.round(since + calendarMs), stable: finite, decisions };
  return JSON.stringify(kept);
}

/** Null when the text is not a valid state of this canary: there is nothing to continue from. */
export function readStored(text: string, { steps }: CanarySpec): StoredCanary | null {
  try {
    // Because: what a store returns is checked field by field below.
    const kept = JSON.parse(text) as StoredCanary;
    const isGood =
      phases.includes(kept.phase) &&
      Number.isInteger(kept.step) &&
      kept.step >= 0 &&
      kept.step < steps.length &&
      Number.isFinite(kept.since) &&
      (kept.stable === null || (Number.isFinite(kept.stable.errorRate) && Number.isFinite(kept.stable.p99Ms))) &&
      Array.isArray(kept.decisions);
    return isGood ? kept : null;
  } catch {
    return null;
  }
}

/** The state from which to continue. The comparison of both versions starts now. */
export function resumeCanary(
  { phase, step, since, stable }: StoredCanary,
  look: Look,
  calendarMs: number,
): CanaryState {
  return {
    phase,
    step,
    // A calendar clock that was set back must not make a step last longer than it should.
    since: Math.min(since - calendarMs, look.nowMs),
    wasGood: false,
    stable,
    windowSince: look.nowMs,
    stableBefore: look.stable,
    canaryBefore: look.canary,
  };
}
