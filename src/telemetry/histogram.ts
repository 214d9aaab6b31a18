// Histograms of durations in metric cells: fixed bounds, one write for the bucket and one for the sum. Rendering is in prometheus.ts.

/** Upper bounds of the buckets in milliseconds, inclusive as in Prometheus; longer durations fall into one last bucket. */
export const durationBoundsMs: readonly number[] = [
  0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000,
];

/** Buckets of a histogram, the last one without an upper bound. */
export const HISTOGRAM_BUCKETS = 21;

/** Cells of a histogram: the sum in milliseconds, then its buckets (each counting only its own durations). */
export const HISTOGRAM_CELLS = 1 + HISTOGRAM_BUCKETS;

const LONGEST_BOUND_MS = 60_000;
const bounds = Float64Array.from(durationBoundsMs);

// The first bucket that could hold a duration whose whole microseconds have as many binary digits as the index says. From there on at most
// two comparisons are left, where a search over all bounds would take five with unpredictable branches.
const firstBucketByDigits = Uint8Array.from({ length: 33 }, (_, digits) => {
  const leastMs = digits === 0 ? 0 : 2 ** (digits - 1) / 1_000;
  const bucket = durationBoundsMs.findIndex(boundMs => boundMs >= leastMs);
  return bucket === -1 ? HISTOGRAM_BUCKETS - 1 : bucket;
});

/**
 * Counts one duration in the histogram that begins at `cells[offset]`. Negative numbers and NaN count as 0: a clock that stepped back must
 * not spoil the sum. Allocates nothing.
 */
export function recordDuration(cells: Float64Array, offset: number, ms: number): void {
  if (!(ms > 0)) {
    cells[offset + 1]!++;
    return;
  }
  let bucket = HISTOGRAM_BUCKETS - 1;
  if (ms <= LONGEST_BOUND_MS) {
    bucket = firstBucketByDigits[32 - Math.clz32(ms * 1_000)]!;
    while (ms > bounds[bucket]!) bucket++;
  }
  cells[offset]! += ms;
  cells[offset + 1 + bucket]!++;
}
