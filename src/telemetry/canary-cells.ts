// Where a canary and its stable version are counted in a block of metric cells. Latencies are finer than in the common histogram: a factor
// of 1.5 cannot be detected with buckets that are each 2.5 times as wide as the one before.

/** Latency buckets of one version: bucket i holds what took up to `LATENCY_FIRST_MS * LATENCY_STEP ** i`, the last one all above. */
export const LATENCY_BUCKETS = 64;
const LATENCY_FIRST_MS = 0.1;
const LATENCY_STEP = 1.25;

/** Cells of one version, relative to where its part of the block begins. */
export const VersionCell = {
  ok: 0,
  errors: 1,
  latency: 2,
} as const;

const VERSION_CELLS = VersionCell.latency + LATENCY_BUCKETS;

/** Cells of a canary's block. The two versions are written by workers, the rest by the supervisor. */
export const CanaryCell = {
  stable: 0,
  canary: VERSION_CELLS,
  /** 0 to 1. */
  share: 2 * VERSION_CELLS,
  /** 0 waits for figures of the stable version, 1 in progress, 2 promoted, 3 rolled back, 4 unknown; NaN for a route that no longer has a canary. */
  state: 2 * VERSION_CELLS + 1,
  steps: 2 * VERSION_CELLS + 2,
  promotions: 2 * VERSION_CELLS + 3,
  rollbacks: 2 * VERSION_CELLS + 4,
} as const;

export const CANARY_CELLS = CanaryCell.rollbacks + 1;

/** Takes back what the gauges of a canary show, for a route that may no longer have one. */
export function clearCanaryGauges(cells: Float64Array, at: number): void {
  cells[at + CanaryCell.share] = 0;
  cells[at + CanaryCell.state] = Number.NaN;
}

/** Stands for the offset of a version's cells where no version is counted. */
export const NO_VERSION = -1;

/** Counts one exchange, and its latency in ms, for the version whose part begins at `cells[at]`. Allocates nothing. */
export function recordVersion(cells: Float64Array, at: number, failed: boolean, ms: number): void {
  cells[at + (failed ? VersionCell.errors : VersionCell.ok)]!++;
  cells[at + VersionCell.latency + latencyBucket(ms)]!++;
}

/** The bucket of a latency; negative numbers and NaN count as the least. */
function latencyBucket(ms: number): number {
  if (!(ms > LATENCY_FIRST_MS)) return 0;
  const bucket = Math.ceil(Math.log(ms / LATENCY_FIRST_MS) / Math.log(LATENCY_STEP));
  return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

/** Largest latency in milliseconds that falls into this bucket; infinite for the last. */
export function latencyBucketEnd(bucket: number): number {
  return bucket >= LATENCY_BUCKETS - 1 ? Number.POSITIVE_INFINITY : LATENCY_FIRST_MS * LATENCY_STEP ** bucket;
}
