// Draws two endpoints in proportion to weight and takes the less loaded one. Nearly as even as comparing all endpoints, at a fixed cost,
// and many gateways side by side do not all choose the same endpoint.

import type { Random } from '../../base/random.ts';
import { type Balanced, type Balancer, equalWeights, isEligible } from './balanced.ts';
import { compareLoad, leastLoaded } from './least-loaded.ts';
import { WeightedDraw } from './weighted-draw.ts';

export class PowerOfTwoChoices<E extends Balanced> implements Balancer<E> {
  private readonly endpoints: readonly E[];
  private readonly random: Random;
  /** Null when all weights are equal. */
  private readonly draws: WeightedDraw | null;

  /** `endpoints` has at least two elements. */
  constructor(endpoints: readonly E[], random: Random) {
    this.endpoints = endpoints;
    this.random = random;
    const weights = endpoints.map(({ weight }) => weight);
    this.draws = equalWeights(endpoints) ? null : new WeightedDraw(weights, random);
  }

  pick(_hash: number, tried: readonly E[] | null): E | undefined {
    const { endpoints, random, draws } = this;
    const first = draws === null ? random.below(endpoints.length) : draws.draw();
    let second = draws === null ? first : draws.draw();
    if (second === first) {
      second = random.below(endpoints.length - 1);
      if (second >= first) second++;
    }
    const a = endpoints[first]!;
    const b = endpoints[second]!;
    // When some endpoints are out of use, a pair often leaves only one to choose. Looking at all endpoints costs more, but is rare.
    if (!isEligible(a, tried) || !isEligible(b, tried)) return leastLoaded(endpoints, tried, random);
    return compareLoad(b, a) < 0 ? b : a;
  }
}
