// Which stores a filter names, and where. Whether they exist is seen in reference-check.ts.

import type { FilterConfig } from './config.ts';
import type { FilterSchema, StoreReference } from './filter-schema.ts';

/** Paths begin in the filter's configuration. */
export function storesNamed(
  { name, config }: FilterConfig,
  schemas: ReadonlyMap<string, FilterSchema>,
): readonly StoreReference[] {
  const schema = schemas.get(name);
  const own = schema?.storesOf?.(config) ?? [];
  if (schema?.nests !== true) return own;
  // Because: the configuration of a filter that nests is a list of filters; see filter-schema.ts.
  const inner = (config as readonly FilterConfig[]).flatMap((filter, at) =>
    storesNamed(filter, schemas).map(each => ({ ...each, path: [at, filter.name, ...each.path] })),
  );
  return [...own, ...inner];
}
