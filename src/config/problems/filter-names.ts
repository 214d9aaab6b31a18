// Which filters a schema of one element of `filters` knows, for messages about a filter that stands beside the list instead of in it.

import { z } from 'zod';

/** Schemas of filters and the names that they accept. Not part of `meta`, which the published JSON Schema shows. */
const namesOf = z.registry<{ readonly names: ReadonlySet<string> }>();

/** Remembers the names for this schema, and returns it. */
export function withFilterNames<Schema extends z.ZodType>(schema: Schema, names: Iterable<string>): Schema {
  namesOf.add(schema, { names: new Set(names) });
  return schema;
}

/** Whether `key` is a filter of which `schema` describes one; false for schemas of anything else. */
export function isFilterName(key: string, schema: object | undefined): boolean {
  return filterNamesOf(schema).has(key);
}

/** Whether `schema` describes one filter of a list. */
export function isOneFilter(schema: object | undefined): boolean {
  // Because: a registry looks schemas up by identity only.
  return schema !== undefined && namesOf.has(schema as z.ZodType);
}

/** The end of a message about a map of filters where a list belongs. */
export const filtersAreElements = '; write each filter as an element: - NAME: { ... }';

/** The filters of which `schema` describes one; none for schemas of anything else. */
export function filterNamesOf(schema: object | undefined): ReadonlySet<string> {
  // Because: a registry looks schemas up by identity only, and gives back a looser type of set than it was given.
  const entry = schema === undefined ? undefined : namesOf.get(schema as z.ZodType);
  return (entry?.names as ReadonlySet<string> | undefined) ?? noFilterNames;
}

const noFilterNames: ReadonlySet<string> = new Set();

/** The end of a message about such a key. */
export const belongsIntoFilters = '; it belongs under `filters`, as an element of its list';

/** The end of a message about a key that stands for a filter of this name in another gateway. */
export function meantFilter(name: string): string {
  return `; did you mean the filter ${JSON.stringify(name)}, as an element of \`filters\`?`;
}
