// A canary as it is kept in a store: what a restart or another gateway goes on from. Counts are not: they are each process's own.

import type { CanaryPhase, CanarySpec, CanaryState, Look } from './canary-state.ts';
import type { StableFigures } from './canary-verdict.ts';
import type { ToldDecision } from './told-decision.ts';

export interface KeptCanary {
  readonly phase: CanaryPhase;
  readonly step: number;
  /** Milliseconds since 1970: since when it is in this phase and step. */
  readonly since: number;
  /** What the canary is held against where the stable version has no requests any more. */
  readonly stable: StableFigures | null;
  readonly decisions: readonly ToldDecision[];
}

const phases: readonly string[] = ['baseline', 'step', 'promoted', 'rolledBack'] satisfies CanaryPhase[];

/** `calendarMs` is what has to be added to the looks' clock to get milliseconds since 1970. */
export function writeKept(
  { phase, step, since, stable }: CanaryState,
  decisions: readonly ToldDecision[],
  calendarMs: number,
): string {
  const finite = stable !== null && Number.isFinite(stable.p99Ms) ? stable : null;
  const kept: KeptCanary = { phase, step, since: Math.round(since + calendarMs), stable: finite, decisions };
  return JSON.stringify(kept);
}

/** Null for what is none of this canary's: then there is nothing to go on from. */
export function readKept(text: string, { steps }: CanarySpec): KeptCanary | null {
  try {
    // Because: what a store gives is looked at field by field.
    const kept = JSON.parse(text) as KeptCanary;
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

/** Goes on where it was, compared from now on. */
export function resumeCanary({ phase, step, since, stable }: KeptCanary, look: Look, calendarMs: number): CanaryState {
  return {
    phase,
    step,
    // A clock that was set back must not make a step last longer than it should.
    since: Math.min(since - calendarMs, look.nowMs),
    wasGood: false,
    stable,
    windowSince: look.nowMs,
    stableBefore: look.stable,
    canaryBefore: look.canary,
  };
}
