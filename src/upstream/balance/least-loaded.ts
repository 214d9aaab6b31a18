// The endpoint with the fewest requests under way for its weight. For strategies that look at load; itself none.

import type { Random } from '../../base/random.ts';
import { type Balanced, isEligible } from './balanced.ts';

/** Whether `a` carries less for its weight than `b`: negative, 0 or positive. */
export function compareLoad(a: Balanced, b: Balanced): number {
  return a.inFlight * b.weight - b.inFlight * a.weight;
}

/** The least loaded of those that may be picked; ties are drawn in proportion to weight, so an idle upstream follows it too. */
export function leastLoaded<E extends Balanced>(
  endpoints: readonly E[],
  tried: readonly E[] | null,
  random: Random,
): E | undefined {
  let best: E | undefined;
  let tiedWeight = 0;
  for (let i = 0; i < endpoints.length; i++) {
    const endpoint = endpoints[i]!;
    if (!isEligible(endpoint, tried)) continue;
    const order = best === undefined ? -1 : compareLoad(endpoint, best);
    if (order > 0) continue;
    tiedWeight = order < 0 ? endpoint.weight : tiedWeight + endpoint.weight;
    if (order < 0 || random.unit() * tiedWeight < endpoint.weight) best = endpoint;
  }
  return best === undefined && tried !== null ? leastLoaded(endpoints, null, random) : best;
}
