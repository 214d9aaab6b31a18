// Which request fields belong to the gateway in this configuration, collected from every filter of every route. Removes nothing.

import type { Config } from '../config/config.ts';
import { identityHeaderPrefixes } from '../exchange/identity-lines.ts';
import { HeaderNameSet } from '../http/header-name-set.ts';
import type { FilterDefinitions } from './compile-chain.ts';
import { eachFilter } from './each-filter.ts';

/** Null when no filter identifies callers. */
export function identityHeadersOf(config: Config, definitions: FilterDefinitions): HeaderNameSet | null {
  const names = new Set<string>();
  let identifies = false;
  eachFilter(config, definitions, (filter, { identityHeaders }) => {
    if (identityHeaders === undefined) return;
    identifies = true;
    for (const header of identityHeaders(filter.config)) names.add(header);
  });
  return identifies ? new HeaderNameSet(names, identityHeaderPrefixes) : null;
}
