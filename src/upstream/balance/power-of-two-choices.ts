// Two endpoints drawn in proportion to weight, the less loaded of them taken. Nearly as even as looking at all, at a fixed cost,
// and many gateways beside each other do not all run for the same endpoint.

import type { Random } from '../../base/random.ts';
import { type Balanced, type Balancer, equalWeights, isEligible } from './balanced.ts';
import { compareLoad, leastLoaded } from './least-loaded.ts';
import { WeightedDraw } from './weighted-draw.ts';

export class PowerOfTwoChoices<E extends Balanced> implements Balancer<E> {
  private readonly endpoints: readonly E[];
  private readonly random: Random;
  /** Null when all weights are equal. */
  private readonly draws: WeightedDraw | null;

  /** At least two endpoints. */
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
    // With some out of use a pair is often half a choice; looking at all is dearer, and rare.
    if (!isEligible(a, tried) || !isEligible(b, tried)) return leastLoaded(endpoints, tried, random);
    return compareLoad(b, a) < 0 ? b : a;
  }
}
