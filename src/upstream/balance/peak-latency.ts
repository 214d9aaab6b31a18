// How long an endpoint takes, as peak EWMA sees it: a slow answer counts at once and in full, fast ones bring the value down over
// seconds, and so does the lack of any. Two 64-bit cells, which may be shared by all workers.

/** Time in which an old value loses two thirds of its say. */
const DECAY_MS = 10_000;
/** What an attempt without an answer counts for at least: an endpoint that fails fast must not look like a fast one. */
const FAILURE_MS = 1_000;

export class PeakLatency {
  private readonly cells: Float64Array;
  private readonly at: number;

  /** The cell at `at` holds milliseconds, the next one when that was, by a clock that all writers share. */
  constructor(cells: Float64Array = new Float64Array(2), at = 0) {
    this.cells = cells;
    this.at = at;
  }

  /** An answer began after `latencyMs`. */
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

  /** No answer came, after `latencyMs`. */
  failed(latencyMs: number, now: number): void {
    this.answered(Math.max(FAILURE_MS, latencyMs), now);
  }

  /** Milliseconds; 0 when nothing is known. */
  value(now: number): number {
    const { cells, at } = this;
    const known = cells[at]!;
    return known === 0 ? 0 : known * Math.min(1, Math.exp((cells[at + 1]! - now) / DECAY_MS));
  }
}
