// Walks over every filter of a configuration, including those inside other filters.

import { nonBareRoutes } from '../config/checks/non-bare-routes.ts';
import type { Config, FilterConfig } from '../config/config.ts';
import type { FilterDefinition, WrittenFilter } from '../exchange/filter.ts';
import type { FilterDefinitions } from './compile-chain.ts';

/** Calls `visit` for each filter with a known definition, outer filters before inner ones. `routeName` is empty for global filters. */
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
  for (const { name, filters } of nonBareRoutes(config.routes)) walk(filters, name);
}
