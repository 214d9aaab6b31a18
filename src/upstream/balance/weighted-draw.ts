// Draws an index at random in proportion to weights, in constant time: Walker's alias method, with Vose's construction.

import type { Random } from '../../base/random.ts';

export class WeightedDraw {
  private readonly random: Random;
  /** Each index has a column of equal width: up to the threshold a draw gives the index itself, above it the index in `aliases`. */
  private readonly thresholds: Float64Array;
  private readonly aliases: Uint32Array;

  /** All `weights` are above zero. */
  constructor(weights: readonly number[], random: Random) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const filled = weights.map(weight => (weight * weights.length) / total);
    const small = [...filled.keys()].filter(i => filled[i]! < 1);
    const large = [...filled.keys()].filter(i => filled[i]! >= 1);
    this.random = random;
    this.thresholds = new Float64Array(weights.length).fill(1);
    this.aliases = Uint32Array.from(weights.keys());
    while (small.length > 0 && large.length > 0) {
      const poor = small.pop()!;
      const rich = large.at(-1)!;
      this.thresholds[poor] = filled[poor]!;
      this.aliases[poor] = rich;
      filled[rich]! -= 1 - filled[poor]!;
      if (filled[rich]! < 1) small.push(large.pop()!);
    }
  }

  draw(): number {
    const { thresholds } = this;
    const column = this.random.below(thresholds.length);
    return this.random.unit() < thresholds[column]! ? column : this.aliases[column]!;
  }
}
