// Two endpoints drawn in proportion to weight, the one taken whose requests are expected to be done first: by how long it takes
// lately, and how many are under way. After Finagle's peak EWMA.

import type { Random } from '../../base/random.ts';
import { type Balanced, type Balancer, equalWeights, isEligible } from './balanced.ts';
import { WeightedDraw } from './weighted-draw.ts';

/** What an endpoint of which nothing is known is taken for once it has a request under way: it gets one, not all. */
const UNKNOWN_MS = 1_000;

export class PeakEwma<E extends Balanced> implements Balancer<E> {
  private readonly endpoints: readonly E[];
  private readonly random: Random;
  private readonly now: () => number;
  private readonly draws: WeightedDraw | null;

  /** At least two endpoints, each with its `latency`; `now` is the clock by which those are measured. */
  constructor(endpoints: readonly E[], random: Random, now: () => number) {
    this.endpoints = endpoints;
    this.random = random;
    this.now = now;
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
    const now = this.now();
    if (!isEligible(a, tried) || !isEligible(b, tried)) return this.cheapest(tried, now);
    return costOf(b, now) < costOf(a, now) ? b : a;
  }

  /** Of all that may be picked. */
  private cheapest(tried: readonly E[] | null, now: number): E | undefined {
    const { endpoints, random } = this;
    let best: E | undefined;
    let bestCost = 0;
    const start = random.below(endpoints.length);
    for (let i = 0; i < endpoints.length; i++) {
      const endpoint = endpoints[(start + i) % endpoints.length]!;
      if (!isEligible(endpoint, tried)) continue;
      const cost = costOf(endpoint, now);
      if (best !== undefined && cost >= bestCost) continue;
      best = endpoint;
      bestCost = cost;
    }
    return best === undefined && tried !== null ? this.cheapest(null, now) : best;
  }
}

function costOf(endpoint: Balanced, now: number): number {
  const { inFlight, weight, latency } = endpoint;
  const ms = latency?.value(now) ?? 0;
  if (ms === 0) return inFlight === 0 ? 0 : (UNKNOWN_MS * inFlight) / weight;
  return (ms * (inFlight + 1)) / weight;
}
