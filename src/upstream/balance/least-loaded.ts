// Finds the endpoint with the fewest requests under way relative to its weight. Used by strategies that consider load; not a strategy
// itself.

import type { Random } from '../../base/random.ts';
import { type Balanced, isEligible } from './balanced.ts';

/** Compares load relative to weight: negative when `a` carries less than `b`, 0 when equal, positive when more. */
export function compareLoad(a: Balanced, b: Balanced): number {
  return a.inFlight * b.weight - b.inFlight * a.weight;
}

/**
 * The least loaded endpoint that may be picked; tried endpoints only when there is no other. Ties are drawn in proportion to weight, so
 * that an idle upstream follows the weights too.
 */
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
