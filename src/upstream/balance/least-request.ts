// Picks the endpoint with the fewest requests under way relative to its weight. Looks at every endpoint: for upstreams of up to some
// dozens.

import type { Random } from '../../base/random.ts';
import type { Balanced, Balancer } from './balanced.ts';
import { leastLoaded } from './least-loaded.ts';

export class LeastRequest<E extends Balanced> implements Balancer<E> {
  private readonly endpoints: readonly E[];
  private readonly random: Random;

  constructor(endpoints: readonly E[], random: Random) {
    this.endpoints = endpoints;
    this.random = random;
  }

  pick(_hash: number, tried: readonly E[] | null): E | undefined {
    return leastLoaded(this.endpoints, tried, this.random);
  }
}
