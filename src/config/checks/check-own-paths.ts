// Warns when a path that a filter serves itself cannot be reached: a login ends at a path of its filter, and a request reaches a filter
// only through a route. Which route wins, and for which host, is not considered: what is reported here is wrong in any case.

import type { FilterConfig, Problem, RouteConfig } from '../config.ts';
import { type FilterSchema, innerFilters } from '../schemas/filter-schema.ts';
import type { CheckedParts } from './check-document.ts';

type Path = readonly (string | number)[];

interface OwnPathUse {
  readonly filter: string;
  readonly path: string;
  readonly method: string;
  /** The first place in the document that asks for this path. */
  readonly at: Path;
  readonly otherwise: string;
}

/** Returns warnings. Returns none while a route or a filter has an error of its own, because that one may serve the path. */
export function checkOwnPaths({ filters, routes }: CheckedParts, schemas: readonly FilterSchema[]): Problem[] {
  // Because: nearly no document names one of these filters, and searching many thousand routes for them takes a while.
  if (!schemas.some(schema => schema.isLoaded !== false && schema.ownPaths !== undefined)) return [];
  const byName = new Map(schemas.map(schema => [schema.name, schema]));
  const uses = new Map<string, OwnPathUse>();
  const served = new Set<string>();
  /** Records the paths that a filter and the filters nested in it serve themselves; returns the keys of these paths in `uses`. */
  const take = (filter: FilterConfig, place: Path): string[] => {
    const { name, config } = filter;
    const schema = byName.get(name);
    const at = [...place, name];
    if (schema?.nests === true)
      return innerFilters(filter, schema).flatMap((inner, index) => take(inner, [...at, index]));
    return (schema?.ownPaths?.(config) ?? []).map(({ path, method, otherwise, place: within }) => {
      const key = `${name} ${method} ${path}`;
      if (!uses.has(key)) uses.set(key, { filter: name, path, method, at: [...at, ...within], otherwise });
      return key;
    });
  };
  const ofAll = filters.flatMap((filter, at) => (filter === undefined ? [] : take(filter, ['filters', at])));
  for (const [index, route] of routes.entries()) {
    if (route === undefined) return [];
    // Because: of many thousand routes, hardly any has such a filter.
    if (ofAll.length === 0 && !route.filters.some(({ name }) => mayHaveOwnPaths(byName.get(name)))) continue;
    const own = route.filters.flatMap((filter, at) => take(filter, ['routes', index, 'filters', at]));
    for (const key of [...ofAll, ...own]) if (!served.has(key) && mayTake(route, uses.get(key)!)) served.add(key);
  }
  if (filters.includes(undefined)) return [];
  return [...uses].flatMap(([key, { filter, path, method, at, otherwise }]): Problem[] => {
    if (served.has(key)) return [];
    const message = `no route with ${filter} takes ${method} ${path}: ${otherwise}`;
    return [{ path: at, message, severity: 'warning', absentFrom: 'routes' }];
  });
}

function mayHaveOwnPaths(schema: FilterSchema | undefined): boolean {
  return schema !== undefined && (schema.nests === true || schema.ownPaths !== undefined);
}

/** False only when the route certainly does not match this path and method. */
function mayTake({ match }: RouteConfig, { path, method }: OwnPathUse): boolean {
  if (match.methods.length > 0 && !match.methods.includes(method)) return false;
  if (match.path.startsWith('~')) return true;
  const source = match.path
    .split('/')
    .map(segment => {
      if (/^(\*|\{[^}]*\*\})$/.test(segment)) return '(?:/.*)?';
      return `/${/^\{[^}]*\}$/.test(segment) ? '[^/]+' : RegExp.escape(segment)}`;
    })
    .slice(1)
    .join('');
  return new RegExp(`^${source}$`).test(path);
}
