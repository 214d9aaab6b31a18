// The revocation lists that filters read for themselves, so that they are watched as those of listeners are. Knows no filter by name.

import { nonBareRoutes } from '../config/checks/non-bare-routes.ts';
import type { Config, FilterConfig } from '../config/config.ts';
import { asWritten } from '../config/output/as-written.ts';
import { type FilterSchema, innerFilters, type ReadList } from '../config/schemas/filter-schema.ts';
import type { FilterList } from '../net/tls/tls-specs.ts';

type Schemas = ReadonlyMap<string, FilterSchema>;

/** The lists of each filter that has some. Filters with the same lists, as on many routes, are told of once. */
export function filterLists(config: Config, filters: readonly FilterSchema[]): readonly (readonly FilterList[])[] {
  // Because: of a filter whose language is not loaded, only the name may be read; no document has named it.
  const loaded = filters.filter(({ isLoaded }) => isLoaded !== false);
  if (loaded.every(({ revocationLists }) => revocationLists === undefined)) return [];
  const schemas: Schemas = new Map(loaded.map(schema => [schema.name, schema]));
  const found: (readonly ReadList[])[] = [...listsIn(config.filters, schemas, ['filters'])];
  for (const route of nonBareRoutes(config.routes)) {
    for (const lists of listsIn(route.filters, schemas, ['filters'])) {
      if (found.some(known => areSame(known, lists))) continue;
      const at = config.routes.indexOf(route);
      found.push(lists.map(list => ({ ...list, path: ['routes', at, ...list.path] })));
    }
  }
  return found.map(lists => lists.map(list => ({ ...list, file: fileOf(config, list) })));
}

function* listsIn(
  chain: readonly FilterConfig[],
  schemas: Schemas,
  path: readonly (string | number)[],
): Generator<readonly ReadList[]> {
  for (const [at, filter] of chain.entries()) {
    const schema = schemas.get(filter.name);
    const place = [...path, at, filter.name];
    yield* listsIn(innerFilters(filter, schema), schemas, place);
    const lists = schema?.revocationLists?.(filter.config) ?? [];
    if (lists.length > 0) yield lists.map(list => ({ ...list, path: [...place, ...list.path] }));
  }
}

function areSame(one: readonly ReadList[], other: readonly ReadList[]): boolean {
  return one.length === other.length && one.every(({ text }, at) => text === other[at]!.text);
}

/** The file as the document names it, or the place of a text that stands in the document itself. */
function fileOf(config: Config, { text, path }: ReadList): string {
  const written = asWritten(config, text);
  const file = typeof written === 'string' ? /^\$\{file:([^}]+)\}$/.exec(written)?.[1] : undefined;
  return file ?? path.join('.');
}
