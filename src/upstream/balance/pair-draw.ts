// Draws two different endpoints in proportion to weight, for balancers that compare two. Compares nothing itself.

import type { Random } from '../../base/random.ts';
import { type Balanced, equalWeights } from './balanced.ts';
import { WeightedDraw } from './weighted-draw.ts';

export class PairDraw<E extends Balanced> {
  /** The pair that was drawn last. */
  first: E;
  second: E;
  private readonly endpoints: readonly E[];
  private readonly random: Random;
  /** Null when all weights are equal. */
  private readonly weighted: WeightedDraw | null;

  /** `endpoints` has at least two elements. */
  constructor(endpoints: readonly E[], random: Random) {
    const weights = endpoints.map(({ weight }) => weight);
    this.endpoints = endpoints;
    this.random = random;
    this.weighted = equalWeights(endpoints) ? null : new WeightedDraw(weights, random);
    this.first = endpoints[0]!;
    this.second = endpoints[1]!;
  }

  /** Draws another pair into `first` and `second`. */
  draw(): void {
    const { endpoints, random, weighted } = this;
    const first = weighted === null ? random.below(endpoints.length) : weighted.draw();
    let second = weighted === null ? first : weighted.draw();
    if (second === first) {
      second = random.below(endpoints.length - 1);
      if (second >= first) second++;
    }
    this.first = endpoints[first]!;
    this.second = endpoints[second]!;
  }
}
