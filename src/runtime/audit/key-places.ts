// Where the filters of a configuration look for keys and tokens, so that a probe knows where to put wrong ones.

import type { FilterDefinitions } from '../../compile/compile-chain.ts';
import { eachFilter } from '../../compile/each-filter.ts';
import type { Config } from '../../config/config.ts';
import type { KeyPlaces } from './bad-credentials.ts';

/** Fields in which keys are usually looked for, whatever the configuration says: a proxy in front might know better. */
const usualHeaders = ['x-api-key', 'api-key'];

export function keyPlacesOf(config: Config, definitions: FilterDefinitions): KeyPlaces {
  const names = { header: new Set(usualHeaders), cookie: new Set<string>(), query: new Set<string>() };
  eachFilter(config, definitions, ({ config: written }) => {
    for (const { kind, name } of placesOf(written))
      if (Object.hasOwn(names, kind)) names[kind as keyof typeof names].add(name);
  });
  return { headers: [...names.header], cookies: [...names.cookie], queries: [...names.query] };
}

/** Of the filters that have `from`; see src/base/schema/credential-places.ts. */
function placesOf(written: unknown): { readonly kind: string; readonly name: string }[] {
  if (typeof written !== 'object' || written === null || !('from' in written) || !Array.isArray(written.from))
    return [];
  return written.from.filter(each => typeof each?.kind === 'string' && typeof each.name === 'string');
}
