// One element of `filters`: a filter's name and its configuration. Which filters there are comes from outside.

import { z } from 'zod';
import type { FilterConfig } from './config.ts';
import { found } from './found.ts';
import { suggestion } from './nearest-name.ts';
import { checkValue } from './schema-problems.ts';

/** What config/ needs to know of a filter. */
export interface FilterSchema {
  readonly name: string;
  readonly schema: z.ZodType;
  /** What it does, in Markdown. */
  readonly documentation?: string;
  /** The stores that a checked configuration names, so that a name that is not there is told with its place. */
  storesOf?(config: unknown): readonly StoreReference[];
}

/** `path` leads to the name inside the filter's configuration. */
export interface StoreReference {
  readonly name: string;
  readonly path: readonly (string | number)[];
}

/** Stands in the schema where a filter does: json-schema.ts puts the known filters in its place. */
export const filterPlace = { title: 'A filter: its name and its configuration' };

/** An element of `filters`, checked by the schema of the filter that it names. */
export function filterSchema(filters: readonly FilterSchema[]) {
  const byName = new Map(filters.map(filter => [filter.name, filter]));
  return z
    .unknown()
    .meta(filterPlace)
    .transform((written, context): FilterConfig => {
      const named = nameAndConfig(written, byName);
      if (typeof named === 'string') {
        context.addIssue({ code: 'custom', message: named });
        return z.NEVER;
      }
      const { name, config } = named;
      const filter = byName.get(name);
      if (filter === undefined) {
        const known = suggestion(name, byName.keys()) || `; there are ${[...byName.keys()].sort().join(', ')}`;
        context.addIssue({
          code: 'custom',
          path: [name],
          message: `there is no filter ${JSON.stringify(name)}${known}`,
          params: { at: 'key' },
        });
        return z.NEVER;
      }
      const checked = checkValue(filter.schema, config ?? {});
      if (checked.ok) return { name, config: checked.value };
      for (const { path, message, at } of checked.problems) {
        context.addIssue({ code: 'custom', path: [name, ...path], message, params: { at } });
      }
      return z.NEVER;
    });
}

function nameAndConfig(
  written: unknown,
  known: ReadonlyMap<string, FilterSchema>,
): { readonly name: string; readonly config: unknown } | string {
  if (typeof written === 'string') {
    const hint = known.has(written) ? `: write { ${written}: {} }` : '';
    return `expected a filter’s name with its configuration, found ${found(written)}${hint}`;
  }
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    return `expected a filter’s name with its configuration, found ${found(written)}`;
  }
  const entries = Object.entries(written);
  const [first] = entries;
  if (entries.length === 1 && first !== undefined) return { name: first[0], config: first[1] };
  if (entries.length === 0) return 'expected a filter’s name with its configuration, found an empty map';
  const names = entries.map(([name]) => name).join(', ');
  return `expected one filter, found the keys ${names}: each filter is an element of the list, with its settings indented under its name`;
}
