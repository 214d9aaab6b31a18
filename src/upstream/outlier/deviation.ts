// Which endpoints differ from the others of their upstream, by what they did in the last interval. Pure: ejecting is done elsewhere.

import type { StateBlock } from '../state/shared-states.ts';
import { StateCell } from '../state/state-cells.ts';
import { EjectReason } from './ejection.ts';
import type { OutlierSpec } from './outlier-watch.ts';

/** What an endpoint did in an interval. */
export interface IntervalCounts {
  readonly requests: number;
  readonly errors: number;
  /** Sum over the answers. */
  readonly latencyMs: number;
}

/** With fewer, "the others" are too few to differ from. */
const ENDPOINTS_MIN = 3;
/** Below the mean by less than this share is no outlier, however little the others vary. */
const RATE_GAP_MIN = 0.05;
/** Slower by less than this is no outlier, however fast the others are. */
const LATENCY_GAP_MIN_MS = 20;

/** Takes the counts of an interval, which then begins anew. */
export function takeIntervalCounts({ words, at }: StateBlock): IntervalCounts {
  return {
    requests: Atomics.exchange(words, at + StateCell.intervalRequests, 0),
    errors: Atomics.exchange(words, at + StateCell.intervalErrors, 0),
    latencyMs: Atomics.exchange(words, at + StateCell.intervalLatency, 0) / 10,
  };
}

/** For each endpoint an `EjectReason`. */
export function deviations(counts: readonly IntervalCounts[], spec: OutlierSpec): number[] {
  const judged = counts.filter(({ requests }) => requests >= spec.minimum);
  if (judged.length < ENDPOINTS_MIN) return counts.map(() => EjectReason.none);
  const latencies = judged.map(meanLatencyMs).sort((a, b) => a - b);
  const median = latencies[(latencies.length - 1) >> 1]!;
  const latencyMaxMs = Math.max(median + LATENCY_GAP_MIN_MS, median * spec.latencyFactor);
  return counts.map(count => {
    if (count.requests < spec.minimum) return EjectReason.none;
    if (spec.successRateDeviations > 0 && successRate(count) < rateMin(judged, count, spec))
      return EjectReason.successRate;
    if (spec.latencyFactor > 0 && meanLatencyMs(count) > latencyMaxMs) return EjectReason.latency;
    return EjectReason.none;
  });
}

/** By the others alone: one that fails badly would widen its own margin until it fits. */
function rateMin(judged: readonly IntervalCounts[], one: IntervalCounts, spec: OutlierSpec): number {
  const rates = judged.filter(count => count !== one).map(successRate);
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const deviation = Math.sqrt(rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length);
  return mean - Math.max(RATE_GAP_MIN, spec.successRateDeviations * deviation);
}

function successRate({ requests, errors }: IntervalCounts): number {
  return 1 - errors / requests;
}

function meanLatencyMs({ requests, latencyMs }: IntervalCounts): number {
  return latencyMs / requests;
}
