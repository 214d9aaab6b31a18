// Independent draws in proportion to weight. No state, so any number of gateways agree in the long run.

import type { Random } from '../../base/random.ts';
import { type Balanced, type Balancer, isEligible } from './balanced.ts';
import { WeightedDraw } from './weighted-draw.ts';

export class RandomChoice<E extends Balanced> implements Balancer<E> {
  private readonly endpoints: readonly E[];
  private readonly random: Random;
  private readonly draws: WeightedDraw;

  constructor(endpoints: readonly E[], random: Random) {
    this.endpoints = endpoints;
    this.random = random;
    this.draws = new WeightedDraw(
      endpoints.map(({ weight }) => weight),
      random,
    );
  }

  pick(_hash: number, tried: readonly E[] | null): E | undefined {
    const drawn = this.endpoints[this.draws.draw()]!;
    if (isEligible(drawn, tried)) return drawn;
    const other = this.amongEligible(tried);
    return other === undefined && tried !== null ? this.amongEligible(null) : other;
  }

  /**
   * A weighted draw from the eligible endpoints in one pass: each replaces the one chosen so far with the probability of its share of the
   * total so far.
   */
  private amongEligible(tried: readonly E[] | null): E | undefined {
    const { endpoints, random } = this;
    let chosen: E | undefined;
    let total = 0;
    for (let i = 0; i < endpoints.length; i++) {
      const endpoint = endpoints[i]!;
      if (!isEligible(endpoint, tried)) continue;
      total += endpoint.weight;
      if (random.unit() * total < endpoint.weight) chosen = endpoint;
    }
    return chosen;
  }
}
