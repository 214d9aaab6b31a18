// Whether each filter can have what it asks of its place: a caller that somebody before it found out, parameters of the route's
// path, routes and consumers that exist. What each asks for is said by the filter's own config.ts.

import type { CheckedParts } from './check-document.ts';
import type { FilterConfig, Problem } from './config.ts';
import type { FilterSchema, FilterSurroundings } from './filter-schema.ts';
import { parametersOf } from './path-parameters.ts';

type Path = readonly (string | number)[];

/** A filter that has an error of its own tells nothing here; it may be the one that finds out who calls. */
export function checkFilterPlaces(
  settings: Readonly<Record<string, unknown>>,
  { filters, routes }: CheckedParts,
  schemas: readonly FilterSchema[],
): Problem[] {
  const byName = new Map(schemas.map(schema => [schema.name, schema]));
  if (!schemas.some(({ placeProblems }) => placeProblems !== undefined)) return [];
  const problems: Problem[] = [];
  const names = { routes: namesIn(settings['routes']), consumers: namesIn(settings['consumers']) };
  const visit = (chain: readonly (FilterConfig | undefined)[], path: Path, around: FilterSurroundings): boolean => {
    let { knowsCaller } = around;
    for (const [at, filter] of chain.entries()) {
      if (filter === undefined) {
        knowsCaller = true;
        continue;
      }
      const schema = byName.get(filter.name);
      for (const problem of schema?.placeProblems?.(filter.config, { ...around, knowsCaller }) ?? []) {
        problems.push({
          path: [...path, at, filter.name, ...problem.path],
          message: problem.message,
          severity: 'error',
        });
      }
      if (schema?.identifies === true || schema?.nests === true) knowsCaller = true;
    }
    return knowsCaller;
  };
  const knowsCaller = visit(filters, ['filters'], { ...names, knowsCaller: false, pathParameters: null });
  for (const [at, route] of routes.entries()) {
    if (route === undefined || route.filters.length === 0) continue;
    const pathParameters = parametersOf(route.match.path);
    visit(route.filters, ['routes', at, 'filters'], { ...names, knowsCaller, pathParameters });
  }
  return problems;
}

/** Names of a list's elements, as written. */
function namesIn(list: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  for (const element of Array.isArray(list) ? list : []) {
    const name = typeof element === 'object' && element !== null ? (element as { name?: unknown }).name : undefined; // Because: any object may have a name
    if (typeof name === 'string') names.add(name);
  }
  return names;
}
