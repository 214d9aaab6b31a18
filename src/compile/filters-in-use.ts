// Loads the filters that a configuration names, and no others.

import { nonBareRoutes } from '../config/checks/non-bare-routes.ts';
import type { Config } from '../config/config.ts';
import { loadDefinitions } from './catalog.ts';
import type { FilterDefinitions } from './compile-chain.ts';
import { eachFilter } from './each-filter.ts';

/** Definitions of all filters of a configuration, including those inside other filters. Unknown names are left out. */
export async function filtersInUse(config: Config): Promise<FilterDefinitions> {
  const names = new Set(config.filters.map(({ name }) => name));
  for (const { filters } of nonBareRoutes(config.routes)) for (const { name } of filters) names.add(name);
  for (;;) {
    const known = names.size;
    const definitions = await loadDefinitions(names);
    // Only a loaded definition can tell which filters are inside a filter.
    eachFilter(config, definitions, (filter, definition) => {
      for (const { name } of definition.inner?.(filter.config) ?? []) names.add(name);
    });
    if (names.size === known) return definitions;
  }
}
