// Walks over every filter of a configuration, those inside other filters included.

import type { Config, FilterConfig, RouteConfig } from '../config/config.ts';
import type { FilterDefinition, WrittenFilter } from '../exchange/filter.ts';
import type { FilterDefinitions } from './compile-chain.ts';

/** Calls `visit` for each filter whose definition is known, an outer one before its inner ones. `routeName` is empty for the global chain. */
export function eachFilter(
  config: Config,
  definitions: FilterDefinitions,
  visit: (filter: WrittenFilter, definition: FilterDefinition<unknown>, routeName: string) => void,
): void {
  const walk = (filters: readonly (FilterConfig | WrittenFilter)[], routeName: string): void => {
    for (const filter of filters) {
      const definition = definitions.get(filter.name);
      if (definition === undefined) continue;
      visit(filter, definition, routeName);
      if (definition.inner !== undefined) walk(definition.inner(filter.config), routeName);
    }
  };
  walk(config.filters, '');
  for (const { name, filters } of routesWithFilters(config.routes)) walk(filters, name);
}

const known = new WeakMap<readonly RouteConfig[], readonly RouteConfig[]>();

/** Routes with filters of their own, found once for a configuration: most have none, and several ask. */
export function routesWithFilters(routes: readonly RouteConfig[]): readonly RouteConfig[] {
  let found = known.get(routes);
  if (found === undefined) {
    found = routes.filter(({ filters }) => filters.length > 0);
    known.set(routes, found);
  }
  return found;
}
