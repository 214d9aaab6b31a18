// Percentiles of an open loop. A request without a good response counts as the slowest of all instead of being left out.

import type { OpenLoopResult } from '../load/open-loop.ts';
import { median, quantile } from './statistics.ts';

/** Number of requests in a window of `windowP99Ms`. The p99 of a window is its eleventh largest latency. */
const windowLength = 1_000;

/**
 * `latenciesUs` has one entry for each request, Infinity for one that failed, which counts as `lastedMs`, the duration of the whole run.
 */
export function summarize(latenciesUs: Float64Array, failed: number, lastedMs: number): OpenLoopResult {
  const bounded = latenciesUs.map(value => Math.min(value, lastedMs * 1000));
  const windows = Array.from({ length: Math.max(1, Math.floor(bounded.length / windowLength)) }, (_, i) =>
    bounded.slice(i * windowLength, (i + 1) * windowLength).sort(),
  );
  const sorted = bounded.toSorted();
  const at = (share: number) => quantile(sorted, share) / 1000;
  return {
    requests: sorted.length,
    failed,
    p50Ms: at(0.5),
    p90Ms: at(0.9),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    windowP99Ms: median(windows.map(window => quantile(window, 0.99))) / 1000,
    maxMs: at(1),
  };
}
