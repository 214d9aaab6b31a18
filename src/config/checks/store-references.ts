// Which stores filters and routes name, and where. Whether they exist is checked in reference-check.ts.

import type { FilterConfig, RouteConfig } from '../config.ts';
import { type FilterSchema, innerFilters, type StoreReference } from '../schemas/filter-schema.ts';

type FilterSchemas = ReadonlyMap<string, FilterSchema>;

/** The stores that a filter and the filters nested in it name. Paths start at the filter's configuration. */
export function storesOfFilter(filter: FilterConfig, schemas: FilterSchemas): readonly StoreReference[] {
  const schema = schemas.get(filter.name);
  const own = schema?.storesOf?.(filter.config) ?? [];
  return [...own, ...storesOfChain(innerFilters(filter, schema), schemas)];
}

/** The stores that a route's filters, its `async` and its `canary` name. Paths start at the route. */
export function storesOfRoute(route: RouteConfig, schemas: FilterSchemas): StoreReference[] {
  const named = storesOfChain(route.filters, schemas).map(({ name, path }) => ({ name, path: ['filters', ...path] }));
  for (const key of ['async', 'canary'] as const) {
    const name = route[key]?.store;
    if (name !== undefined) named.push({ name, path: [key, 'store'] });
  }
  return named;
}

function storesOfChain(chain: readonly FilterConfig[], schemas: FilterSchemas): StoreReference[] {
  return chain.flatMap((filter, at) =>
    storesOfFilter(filter, schemas).map(({ name, path }) => ({ name, path: [at, filter.name, ...path] })),
  );
}
