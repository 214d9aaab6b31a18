// The responses of one version of a canary's route in figures: counts, failures, latencies. They are judged in canary-state.ts.

import { LATENCY_BUCKETS, latencyBucketEnd, VersionCell } from '../../telemetry/canary-cells.ts';

export interface VersionCounts {
  readonly requests: number;
  readonly errors: number;
  /** Count for each bucket of latency; see telemetry/canary-cells.ts. */
  readonly latency: Float64Array;
}

/** Sums the slabs of all workers; the figures of the version begin at `at` in each. */
export function readCounts(slabs: readonly Float64Array[], at: number): VersionCounts {
  const latency = new Float64Array(LATENCY_BUCKETS);
  let ok = 0;
  let errors = 0;
  for (const cells of slabs) {
    ok += cells[at + VersionCell.ok]!;
    errors += cells[at + VersionCell.errors]!;
    for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++)
      latency[bucket]! += cells[at + VersionCell.latency + bucket]!;
  }
  return { requests: ok + errors, errors, latency };
}

/** What was counted between two looks. */
export function countsSince(now: VersionCounts, before: VersionCounts): VersionCounts {
  return {
    requests: now.requests - before.requests,
    errors: now.errors - before.errors,
    latency: now.latency.map((count, bucket) => count - before.latency[bucket]!),
  };
}

/** Share of requests that failed, 0 to 1. */
export function errorRate({ requests, errors }: VersionCounts): number {
  return requests === 0 ? 0 : errors / requests;
}

/** The 99th percentile of latency in milliseconds, rounded up to the end of its bucket, so never too low. 0 without requests. */
export function p99Ms({ requests, latency }: VersionCounts): number {
  let left = requests * 0.01;
  for (let bucket = LATENCY_BUCKETS - 1; bucket >= 0; bucket--) {
    left -= latency[bucket]!;
    if (left < 0) return latencyBucketEnd(bucket);
  }
  return 0;
}

/** How many requests surely took longer than `ms`: those in buckets that begin at `ms` or above. */
export function slowerThan({ latency }: VersionCounts, ms: number): number {
  let count = 0;
  for (let bucket = LATENCY_BUCKETS - 1; bucket > 0 && latencyBucketEnd(bucket - 1) >= ms; bucket--) {
    count += latency[bucket]!;
  }
  return count;
}
