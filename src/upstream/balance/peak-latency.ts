// The latency of an endpoint as peak EWMA defines it: a slow response counts at once and in full, fast ones bring the value down over
// seconds, and so does a lack of responses. Kept in two 64-bit cells, which all workers may share.

/** Time in which an old value loses two thirds of its weight. */
const DECAY_MS = 10_000;
/** The least latency that an attempt without a response counts for, so that an endpoint that fails fast does not look like a fast one. */
const FAILURE_MS = 1_000;

export class PeakLatency {
  private readonly cells: Float64Array;
  private readonly at: number;

  /** The cell at `at` holds the latency in milliseconds, the next cell when it was recorded, by a clock that all writers share. */
  constructor(cells: Float64Array = new Float64Array(2), at = 0) {
    this.cells = cells;
    this.at = at;
  }

  /** A response began after `latencyMs`. */
  answered(latencyMs: number, now: number): void {
    const { cells, at } = this;
    const before = cells[at]!;
    if (latencyMs >= before) cells[at] = latencyMs;
    else {
      const kept = Math.exp((cells[at + 1]! - now) / DECAY_MS);
      cells[at] = latencyMs + (before - latencyMs) * Math.min(1, kept);
    }
    cells[at + 1] = now;
  }

  /** The attempt ended after `latencyMs` without a response. */
  failed(latencyMs: number, now: number): void {
    this.answered(Math.max(FAILURE_MS, latencyMs), now);
  }

  /** The latency by now, in milliseconds; 0 when nothing is known. */
  value(now: number): number {
    const { cells, at } = this;
    const known = cells[at]!;
    return known === 0 ? 0 : known * Math.min(1, Math.exp((cells[at + 1]! - now) / DECAY_MS));
  }
}
