// A count over a recent time window, kept by all threads together in ten cells of shared memory. Exact under races: a bucket's number and
// its count are in one word.

import { WINDOW_BUCKETS } from './state-cells.ts';

/** A word consists of 15 bits of the bucket's number, then 17 bits of count. */
const COUNT_BITS = 17;
const COUNT_MAX = (1 << COUNT_BITS) - 1;
const STAMP_MASK = 0x7fff;

/** Counts what happened within the last `windowMs`, with a resolution of a tenth of it. A bucket stops counting at 131,071. */
export class SlidingCount {
  private readonly words: Int32Array;
  private readonly at: number;
  private readonly bucketMs: number;

  constructor(words: Int32Array, at: number, windowMs: number) {
    this.words = words;
    this.at = at;
    this.bucketMs = windowMs / WINDOW_BUCKETS;
  }

  add(amount: number, now: number): void {
    const bucket = Math.floor(now / this.bucketMs);
    const cell = this.at + (bucket % WINDOW_BUCKETS);
    const stamp = bucket & STAMP_MASK;
    const { words } = this;
    for (;;) {
      const before = words[cell]!;
      const count = before >>> COUNT_BITS === stamp ? before & COUNT_MAX : 0;
      const after = (stamp << COUNT_BITS) | Math.max(0, Math.min(COUNT_MAX, count + amount));
      if (Atomics.compareExchange(words, cell, before, after) === before) return;
    }
  }

  total(now: number): number {
    const bucket = Math.floor(now / this.bucketMs);
    const { words, at } = this;
    let sum = 0;
    for (let i = 0; i < WINDOW_BUCKETS; i++) {
      const word = words[at + i]!;
      if (((bucket - (word >>> COUNT_BITS)) & STAMP_MASK) < WINDOW_BUCKETS) sum += word & COUNT_MAX;
    }
    return sum;
  }

  clear(): void {
    for (let i = 0; i < WINDOW_BUCKETS; i++) Atomics.store(this.words, this.at + i, 0);
  }
}
