// The health checks of one endpoint: probes it periodically, counts the outcomes against the thresholds, and writes the result where all
// workers see it.

// Because: checks run in the supervisor, which has no timer wheel.
import { setTimeout as delay } from 'node:timers/promises';
import { shortenEjection } from '../outlier/ejection.ts';
import type { StateBlock } from '../state/shared-states.ts';
import { Health, StateCell, TimeCell } from '../state/state-cells.ts';
import { type ProbeOutcome, ProbeReason, type Prober, reasonCell } from './prober.ts';

export interface HealthThresholds {
  readonly intervalMs: number;
  readonly unhealthyAfter: number;
  readonly healthyAfter: number;
}

/** Share of the interval by which each wait may be shorter or longer. */
const JITTER = 0.1;
/** The first check comes within this time. */
const FIRST_WITHIN_MS = 1_000;

/**
 * Counts outcomes; pure over its cells. An endpoint is used until checked; its first outcome is enough when it is good, while a bad one
 * counts towards `unhealthyAfter`.
 */
export class HealthState {
  private readonly block: StateBlock;
  private readonly ofUpstream: StateBlock;
  private readonly thresholds: HealthThresholds;
  private passed: number;
  private failed: number;

  constructor(block: StateBlock, ofUpstream: StateBlock, thresholds: HealthThresholds) {
    this.block = block;
    this.ofUpstream = ofUpstream;
    this.thresholds = thresholds;
    this.passed = 0;
    this.failed = 0;
  }

  /**
   * Counts an outcome. Returns the endpoint's new health when this call changed it, otherwise null; null also when the first check confirms
   * it.
   */
  record(outcome: ProbeOutcome, now: number): 'healthy' | 'unhealthy' | null {
    const { words, times, at, timesAt } = this.block;
    const { healthyAfter, unhealthyAfter } = this.thresholds;
    times[timesAt + TimeCell.probedAt] = now;
    const before = words[at + StateCell.health]!;
    const isGood = outcome.reason === ProbeReason.passed;
    this.passed = isGood ? this.passed + 1 : 0;
    this.failed = isGood ? 0 : this.failed + 1;
    const wanted = isGood ? healthyAfter : unhealthyAfter;
    const isFirst = before === Health.unknown && isGood;
    const after = isGood ? Health.healthy : Health.unhealthy;
    if (before === after || (!isFirst && this.passed + this.failed < wanted)) return null;
    if (isGood && before === Health.unhealthy) {
      times[timesAt + TimeCell.recoveredAt] = now;
      shortenEjection(this.block, now);
    }
    times[timesAt + TimeCell.healthSince] = now;
    Atomics.store(words, at + StateCell.healthReason, reasonCell(outcome));
    Atomics.store(words, at + StateCell.health, after);
    Atomics.add(this.ofUpstream.words, this.ofUpstream.at + StateCell.epoch, 1);
    if (isFirst) return null;
    return isGood ? 'healthy' : 'unhealthy';
  }
}

export interface EndpointCheckParts {
  readonly probe: () => ReturnType<Prober>;
  readonly state: HealthState;
  readonly intervalMs: number;
  readonly now: () => number;
  readonly onChange: (health: 'healthy' | 'unhealthy', outcome: ProbeOutcome) => void;
}

/** Checks until the returned function is called. */
export function startEndpointCheck({ probe, state, intervalMs, now, onChange }: EndpointCheckParts): () => void {
  const ending = new AbortController();
  const run = async () => {
    const wait = (ms: number) => delay(ms, undefined, { ref: false, signal: ending.signal });
    await wait(Math.random() * Math.min(intervalMs, FIRST_WITHIN_MS));
    for (;;) {
      const beganAt = now();
      const outcome = await probe();
      if (ending.signal.aborted) return;
      const change = state.record(outcome, now());
      if (change !== null) onChange(change, outcome);
      const tookMs = now() - beganAt;
      await wait(Math.max(0, intervalMs * (1 - JITTER + 2 * JITTER * Math.random()) - tookMs));
    }
  };
  // Only the abort signal makes `run` reject.
  run().catch(() => {});
  return () => ending.abort();
}
