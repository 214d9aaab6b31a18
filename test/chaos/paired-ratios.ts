// What measurements that take turns say of a ratio: its median, and how sure that is. Noise that lasts longer than a turn falls on both.

export interface PairedRatios {
  readonly median: number;
  /** The true median lies within with 95 % at least, whatever the noise is like: order statistics, as the sign test counts them. */
  readonly low: number;
  readonly high: number;
}

/** `before` has one element more than `meanwhile`: each of the latter is held against the mean of its two neighbours. */
export function pairedRatios(before: readonly number[], meanwhile: readonly number[]): PairedRatios {
  const ratios = meanwhile.map((value, n) => value / ((before[n]! + before[n + 1]!) / 2)).sort((a, b) => a - b);
  const count = ratios.length;
  const cut = cutOff(count);
  const middle = (ratios[(count - 1) >> 1]! + ratios[count >> 1]!) / 2;
  return { median: middle, low: ratios[cut]!, high: ratios[count - 1 - cut]! };
}

/** How many of the smallest, and of the largest, lie outside: as many as leave 95 % between them. */
function cutOff(count: number): number {
  let outside = 0;
  let ways = 1;
  for (let cut = 0; ; cut++) {
    outside += ways / 2 ** count;
    if (outside > 0.025) return Math.max(0, cut - 1);
    ways = (ways * (count - cut)) / (cut + 1);
  }
}
