// The ratio of measurements taken in turns: its median and confidence interval. Noise that lasts longer than a turn affects both sides.

export interface PairedRatios {
  readonly median: number;
  /** The true median lies between `low` and `high` with at least 95 % confidence for any noise, by order statistics as in the sign test. */
  readonly low: number;
  readonly high: number;
}

/** `before` has one element more than `meanwhile`: `relate` gets each element of `meanwhile` and the mean of its neighbours. Ascending. */
export function besideNeighbours(
  before: readonly number[],
  meanwhile: readonly number[],
  relate: (value: number, neighbours: number) => number,
): number[] {
  return meanwhile.map((value, n) => relate(value, (before[n]! + before[n + 1]!) / 2)).sort((a, b) => a - b);
}

/** As `besideNeighbours`: each element of `meanwhile` is divided by the mean of its two neighbours in `before`. */
export function pairedRatios(before: readonly number[], meanwhile: readonly number[]): PairedRatios {
  const ratios = besideNeighbours(before, meanwhile, (value, neighbours) => value / neighbours);
  const count = ratios.length;
  const cut = cutOff(count);
  const middle = (ratios[(count - 1) >> 1]! + ratios[count >> 1]!) / 2;
  return { median: middle, low: ratios[cut]!, high: ratios[count - 1 - cut]! };
}

/** How many of the smallest ratios, and as many of the largest, lie outside the interval of 95 % confidence. */
function cutOff(count: number): number {
  let outside = 0;
  let ways = 1;
  for (let cut = 0; ; cut++) {
    outside += ways / 2 ** count;
    if (outside > 0.025) return Math.max(0, cut - 1);
    ways = (ways * (count - cut)) / (cut + 1);
  }
}
