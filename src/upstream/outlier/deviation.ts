// Which endpoints deviate from the other endpoints of their upstream, by their figures of the last interval. Pure: the ejection is done
// elsewhere.

import type { StateBlock } from '../state/shared-states.ts';
import { StateCell } from '../state/state-cells.ts';
import { EjectReason } from './ejection.ts';
import type { OutlierSpec } from './outlier-watch.ts';

/** Figures of one endpoint in an interval. */
export interface IntervalCounts {
  readonly requests: number;
  readonly errors: number;
  /** Sum over the responses. */
  readonly latencyMs: number;
}

/** With fewer judged endpoints, there are too few others to compare with. */
const ENDPOINTS_MIN = 3;
/** A success rate below the mean by less than this share is no outlier, however little the other rates vary. */
const RATE_GAP_MIN = 0.05;
/** A latency above the median by less than this is no outlier, however fast the other endpoints are. */
const LATENCY_GAP_MIN_MS = 20;

/** Reads the counts of an interval and resets them, which begins the next interval. */
export function takeIntervalCounts({ words, at }: StateBlock): IntervalCounts {
  return {
    requests: Atomics.exchange(words, at + StateCell.intervalRequests, 0),
    errors: Atomics.exchange(words, at + StateCell.intervalErrors, 0),
    // Unsigned: outlier-watch.ts adds up to 2^32.
    latencyMs: (Atomics.exchange(words, at + StateCell.intervalLatency, 0) >>> 0) / 10,
  };
}

/** Returns an `EjectReason` for each endpoint, in the order of `counts`. */
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

/**
 * The least acceptable success rate, computed from the other endpoints alone: an endpoint that fails badly would otherwise widen its own
 * margin.
 */
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
