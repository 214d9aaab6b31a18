// A quantile of the last few hundred values, such as the time within which 95 of 100 responses came. Older values are forgotten.

const KEPT = 256;
/** Sorting is what costs: done once for so many values. */
const SORT_EVERY = 32;

export class RecentQuantile {
  private readonly share: number;
  private readonly ring: Float64Array;
  private seen: number;
  private current: number;

  /** `share` from 0 to 1. */
  constructor(share: number) {
    this.share = share;
    this.ring = new Float64Array(KEPT);
    this.seen = 0;
    this.current = Infinity;
  }

  /** Infinity until there are enough values to tell. */
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
