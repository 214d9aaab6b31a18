// Medians, spreads and the interval of a ratio. Knows numbers, not what they measure.

/** The middle value, or the mean of the two middle values when their number is even. NaN for an empty list. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Median absolute deviation from the median, in the unit of the values (not scaled to a standard deviation). */
export function medianDeviation(values: readonly number[]): number {
  const middle = median(values);
  return median(values.map(value => Math.abs(value - middle)));
}

/** Value below which a share of the values lies (nearest rank); `share` from 0 to 1. NaN for an empty list. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]!;
}

export interface Ratio {
  /** Median of `values` over the median of `base`. */
  readonly ratio: number;
  /** 95 % bootstrap interval. */
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 4000;

/**
 * Ratio of two medians whose values come from the same rounds: `values[i]` and `base[i]` belong to one round. Rounds are drawn with
 * replacement, both sides together, because what disturbs a round disturbs both. Deterministic: the seed is fixed.
 */
export function ratioOfMedians(values: readonly number[], base: readonly number[]): Ratio {
  const rounds = Math.min(values.length, base.length);
  const random = mulberry32(0x5eed);
  const ratios: number[] = [];
  for (let i = 0; i < RESAMPLES; i++) {
    const drawn = Array.from({ length: rounds }, () => Math.floor(random() * rounds));
    ratios.push(median(drawn.map(round => values[round]!)) / median(drawn.map(round => base[round]!)));
  }
  ratios.sort((a, b) => a - b);
  return { ratio: median(values) / median(base), low: quantile(ratios, 0.025), high: quantile(ratios, 0.975) };
}

/** Numbers in [0, 1) from a 32-bit seed (Tommy Ettinger's mulberry32): the same sequence on every machine. */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
