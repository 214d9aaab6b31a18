// Draws two endpoints in proportion to weight and takes the one that is expected to finish its requests sooner, by its recent latency and
// its requests under way. After Finagle's peak EWMA.

import type { Random } from '../../base/random.ts';
import { type Balanced, type Balancer, isEligible } from './balanced.ts';
import { PairDraw } from './pair-draw.ts';

/** Latency assumed for an unmeasured endpoint that has a request under way, so that it gets one request first and not all of them. */
const UNKNOWN_MS = 1_000;

export class PeakEwma<E extends Balanced> implements Balancer<E> {
  private readonly endpoints: readonly E[];
  private readonly random: Random;
  private readonly now: () => number;
  private readonly pair: PairDraw<E>;

  /** `endpoints` has at least two elements, each with its `latency`; `now` is the clock by which those are measured. */
  constructor(endpoints: readonly E[], random: Random, now: () => number) {
    this.endpoints = endpoints;
    this.random = random;
    this.now = now;
    this.pair = new PairDraw(endpoints, random);
  }

  pick(_hash: number, tried: readonly E[] | null): E | undefined {
    const { pair } = this;
    pair.draw();
    const { first, second } = pair;
    const now = this.now();
    if (!isEligible(first, tried) || !isEligible(second, tried)) return this.cheapest(tried, now);
    return costOf(second, now) < costOf(first, now) ? second : first;
  }

  /** The endpoint with the lowest cost of all that may be picked; ties go to the first from a random start. */
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
