// A quantile of the last 256 values, such as the time within which 95 of 100 responses arrived. Older values are forgotten.

const KEPT = 256;
/** Sorting is the expensive part, so the quantile is recomputed once per this many values. */
const SORT_EVERY = 32;

/** Tracks one quantile of a stream of values. */
export class RecentQuantile {
  private readonly share: number;
  private readonly ring: Float64Array;
  private seen: number;
  private current: number;

  /** `share` is the quantile, from 0 to 1. */
  constructor(share: number) {
    this.share = share;
    this.ring = new Float64Array(KEPT);
    this.seen = 0;
    this.current = Infinity;
  }

  /** The current quantile; Infinity until the first 32 values have been added. */
  get value(): number {
    return this.current;
  }

  add(value: number): void {
    this.ring[this.seen++ % KEPT] = value;
    if (this.seen % SORT_EVERY !== 0) return;
    const count = Math.min(this.seen, KEPT);
    const sorted = this.ring.slice(0, count).sort();
    this.current = sorted[Math.min(count - 1, Math.floor(count * this.share))]!;
  }
}
