// Whether each filter can have what it asks of its place: a caller that somebody before it found out, parameters of the route's
// path, routes and consumers that exist. What each asks for is said by the filter's own config.ts.

import type { CheckedParts } from './check-document.ts';
import type { FilterConfig, Problem } from './config.ts';
import { type FilterSchema, type FilterSurroundings, filterSchema } from './filter-schema.ts';
import { parametersOf } from './path-parameters.ts';
import { allRoutes, type RoutesToCheck } from './routes-to-check.ts';
import { type Checked, checkValue } from './schema-problems.ts';

type Path = readonly (string | number)[];

/**
 * A filter that has an error of its own tells nothing here; it may be the one that finds out who calls. Of a configuration that was
 * good before, only the routes that changed are looked at.
 */
export function checkFilterPlaces(
  settings: Readonly<Record<string, unknown>>,
  parts: CheckedParts,
  schemas: readonly FilterSchema[],
  changedRoutes: RoutesToCheck,
): Problem[] {
  const { filters, routes } = parts;
  const byName = new Map(schemas.map(schema => [schema.name, schema]));
  const problems: Problem[] = [];
  const remembers = filters.some(filter => filter !== undefined && byName.get(filter.name)?.remembersAnswers === true);
  // Because: such a filter looks at those of all routes.
  const todo = remembers ? allRoutes(parts) : changedRoutes;
  const changed = routes.slice(todo.from, todo.to);
  const isAnyAsked = todo.all && filters.length > 0;
  if (!isAnyAsked && changed.every(route => route?.filters.length === 0 && route.fallback === undefined))
    return problems;
  const names = {
    routes: namesIn(settings['routes']),
    consumers: namesIn(settings['consumers']),
    plans: parts.plans.filter(plan => plan !== undefined),
  };
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
          severity: problem.severity ?? 'error',
        });
      }
      if (findsOut(filter)) knowsCaller = true;
    }
    return knowsCaller;
  };
  /** Whoever asks again would get an answer that the filter behind may not give him. */
  const tellEarly = (filter: FilterConfig | undefined, path: Path, later: FilterConfig | undefined): void => {
    if (filter === undefined || later === undefined || byName.get(filter.name)?.remembersAnswers !== true) return;
    const message = `${filter.name} gives answers again before ${later.name} has asked who calls: put it behind`;
    problems.push({ path: [...path, filter.name], message, severity: 'error', at: 'key' });
  };
  const findsOut = (filter: FilterConfig | undefined): boolean => {
    const schema = filter === undefined ? undefined : byName.get(filter.name);
    return schema?.identifies === true || schema?.nests === true;
  };
  const knowsCaller = visit(filters, ['filters'], { ...names, knowsCaller: false, pathParameters: null });
  const written = listOf(settings['routes']);
  const element = filterSchema(schemas);
  for (let index = 0; index < changed.length; index++) {
    const route = changed[index];
    if (route?.filters.length === 0 && route.fallback === undefined) continue;
    const at = todo.from + index;
    // A route with an error still has filters without one, and a mistake in one place hides none in another.
    const chain =
      route?.filters ?? listOf(fieldOf(written[at], 'filters')).map(each => goodOne(checkValue(element, each)));
    const cache = route?.fallback?.cache;
    if (cache !== undefined) {
      const message = keptProblem(cache.by === 'consumer', [...filters, ...chain].find(findsOut));
      if (message !== null && ![...filters, ...chain].includes(undefined))
        problems.push({ path: ['routes', at, 'fallback', 'cache'], message, severity: 'error' });
    }
    if (chain.length === 0) continue;
    const pattern = route?.match.path ?? fieldOf(fieldOf(written[at], 'match'), 'path');
    const pathParameters = typeof pattern === 'string' ? parametersOf(pattern) : null;
    visit(chain, ['routes', at, 'filters'], { ...names, knowsCaller, pathParameters });
    for (const [place, filter] of chain.entries()) {
      tellEarly(filter, ['routes', at, 'filters', place], chain.slice(place + 1).find(findsOut));
    }
  }
  const ofRoutes = remembers ? routes.flatMap(route => route?.filters ?? []).find(findsOut) : undefined;
  for (const [index, filter] of filters.entries()) {
    tellEarly(filter, ['filters', index], filters.slice(index + 1).find(findsOut) ?? ofRoutes);
  }
  return problems;
}

/** An answer to one caller must not reach another, and an answer that is kept for nobody is a setting that does nothing. */
function keptProblem(byConsumer: boolean, identifying: FilterConfig | undefined): string | null {
  if (byConsumer && identifying === undefined)
    return 'no filter of this route finds out who calls, so `by: consumer` would never keep an answer';
  if (!byConsumer && identifying !== undefined)
    return `${identifying.name} finds out who calls, and answers to one caller are not another’s: say \`by: consumer\``;
  return null;
}

/** Names of a list's elements, as written. */
function namesIn(list: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  for (const element of listOf(list)) {
    const name = fieldOf(element, 'name');
    if (typeof name === 'string') names.add(name);
  }
  return names;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function fieldOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  // Because: the line above has seen that the key is there.
  return (value as Readonly<Record<string, unknown>>)[key];
}

function goodOne<Value>(checked: Checked<Value>): Value | undefined {
  return checked.ok ? checked.value : undefined;
}
