// Gives turns in proportion to weight, spread as evenly as possible: smooth weighted round-robin, as in nginx.

import { type Balanced, type Balancer, equalWeights, isEligible } from './balanced.ts';

/**
 * In any run of picks as long as the sum of the weights, each endpoint has had exactly its weight, and the turns of a heavy endpoint are
 * not in a row. An unavailable endpoint neither gets turns nor saves them up.
 */
export class RoundRobin<E extends Balanced> implements Balancer<E> {
  private readonly endpoints: readonly E[];
  /** Credit that each endpoint has saved towards its turn; null when all weights are equal, which makes the turns a plain cycle. */
  private readonly credits: Float64Array | null;
  private next: number;

  constructor(endpoints: readonly E[]) {
    this.endpoints = endpoints;
    this.credits = equalWeights(endpoints) ? null : new Float64Array(endpoints.length);
    this.next = 0;
  }

  pick(_hash: number, tried: readonly E[] | null): E | undefined {
    const endpoint = this.credits === null ? this.inTurn(tried) : this.byCredit(this.credits, tried);
    return endpoint === undefined && tried !== null ? this.pick(0, null) : endpoint;
  }

  private inTurn(tried: readonly E[] | null): E | undefined {
    const { endpoints } = this;
    for (let looked = 0; looked < endpoints.length; looked++) {
      const endpoint = endpoints[this.next]!;
      this.next = this.next + 1 === endpoints.length ? 0 : this.next + 1;
      if (isEligible(endpoint, tried)) return endpoint;
    }
    return undefined;
  }

  private byCredit(credits: Float64Array, tried: readonly E[] | null): E | undefined {
    const { endpoints } = this;
    let best = -1;
    let total = 0;
    for (let i = 0; i < endpoints.length; i++) {
      const endpoint = endpoints[i]!;
      if (!isEligible(endpoint, tried)) continue;
      total += endpoint.weight;
      credits[i]! += endpoint.weight;
      if (best === -1 || credits[i]! > credits[best]!) best = i;
    }
    if (best === -1) return undefined;
    credits[best]! -= total;
    return endpoints[best];
  }
}
