// What is wrong with a limit that the rates of plans replace, at its place in the document.

import { rateName } from '../../base/rate.ts';
import type { CostConfig } from '../../base/schema/budget-rate.ts';
import type { FilterSurroundings } from '../../base/schema/filter-surroundings.ts';
import type { PlaceProblem } from '../../base/schema/place-problem.ts';
import { planCostProblems } from '../../base/schema/plan-cost.ts';

interface PlannedLimit {
  readonly name: string;
  readonly plan: boolean;
  readonly cost: CostConfig;
  readonly path: readonly (string | number)[];
}

/** `limits` are all of the filter. */
export function planProblems(
  limit: PlannedLimit,
  limits: readonly PlannedLimit[],
  { knowsCaller, knownOfCaller, plans }: FilterSurroundings,
): PlaceProblem[] {
  const { name, plan: goesByPlan, cost, path } = limit;
  if (!goesByPlan) return [];
  const problems: PlaceProblem[] = [];
  if (!knowsCaller) {
    const message = 'no filter before this one finds out who calls, so there is never a plan';
    problems.push({ path: ['plan'], message, absentFrom: 'filters' });
  } else if (!knownOfCaller.has('consumer')) {
    const message =
      'no filter before this one names a consumer, so there is never a plan: set `consumer` in the filter that identifies the caller';
    problems.push({ path: ['plan'], message, severity: 'warning' });
  }
  problems.push(...planCostProblems(Math.max(cost.each, ...Object.values(cost.routes)), plans, 'rate'));
  const others = new Set(limits.filter(each => each !== limit).map(each => each.name));
  for (const { name: plan, rates } of plans) {
    const taken = rates?.map(rate => rateName(name, rate, rates.length === 1)).find(each => others.has(each));
    if (taken === undefined) continue;
    const message = `a rate of the plan "${plan}" is told to callers as "${taken}", which is the name of another limit: give that one another name`;
    problems.push({ path: ['plan'], message });
  }
  return problems.map(problem => ({ ...problem, path: [...path, ...problem.path] }));
}
