// Percentiles of an open loop. A request that was never answered well is the worst there is, not one that never was.

import type { OpenLoopResult } from '../load/open-loop.ts';
import { quantile } from './statistics.ts';

/** `latenciesUs` has one entry a request, Infinity for one that failed; such a one counts as `lastedMs`, the whole run. */
export function summarize(latenciesUs: Float64Array, failed: number, lastedMs: number): OpenLoopResult {
  const sorted = latenciesUs.map(value => Math.min(value, lastedMs * 1000)).sort();
  const at = (share: number) => quantile(sorted, share) / 1000;
  return {
    requests: sorted.length,
    failed,
    p50Ms: at(0.5),
    p90Ms: at(0.9),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    maxMs: at(1),
  };
}
