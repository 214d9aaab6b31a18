// Draws two endpoints in proportion to weight and takes the less loaded one. Nearly as even as comparing all endpoints, at a fixed cost,
// and many gateways side by side do not all choose the same endpoint.

import type { Random } from '../../base/random.ts';
import { type Balanced, type Balancer, isEligible } from './balanced.ts';
import { compareLoad, leastLoaded } from './least-loaded.ts';
import { PairDraw } from './pair-draw.ts';

export class PowerOfTwoChoices<E extends Balanced> implements Balancer<E> {
  private readonly endpoints: readonly E[];
  private readonly random: Random;
  private readonly pair: PairDraw<E>;

  /** `endpoints` has at least two elements. */
  constructor(endpoints: readonly E[], random: Random) {
    this.endpoints = endpoints;
    this.random = random;
    this.pair = new PairDraw(endpoints, random);
  }

  pick(_hash: number, tried: readonly E[] | null): E | undefined {
    const { endpoints, random, pair } = this;
    pair.draw();
    const { first, second } = pair;
    // When some endpoints are out of use, a pair often leaves only one to choose. Looking at all endpoints costs more, but is rare.
    if (!isEligible(first, tried) || !isEligible(second, tried)) return leastLoaded(endpoints, tried, random);
    return compareLoad(second, first) < 0 ? second : first;
  }
}
