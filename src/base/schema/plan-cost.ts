// Plans whose budget is smaller than the cost of one request. For filters that use plans; counts nothing.

import type { FilterSurroundings } from './filter-surroundings.ts';
import type { PlaceProblem } from './place-problem.ts';

/** A warning, not an error: callers with such a plan may be kept away on purpose, for example by an `acl`. */
export function planCostProblems(
  cost: number,
  plans: FilterSurroundings['plans'],
  budget: 'rate' | 'quota',
): PlaceProblem[] {
  return plans.flatMap(plan => {
    const granted = budget === 'rate' ? plan.rates : plan.quotas;
    const least = Math.min(...(granted ?? []).map(({ count }) => count));
    if (cost <= least) return [];
    const message = `no request of ${cost} units ever fits into the ${budget} of the plan "${plan.name}", which is ${least}: all of such callers are refused`;
    return [{ path: ['cost'], message, severity: 'warning' }];
  });
}
