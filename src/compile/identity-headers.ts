// Collects from all filters the request fields that only the gateway may write in this configuration. Does not remove them.

import type { Config } from '../config/config.ts';
import { identityHeaderPrefixes } from '../exchange/identity-lines.ts';
import { HeaderNameSet } from '../http/header-name-set.ts';
import type { FilterDefinitions } from './compile-chain.ts';
import { eachFilter } from './each-filter.ts';

/** The names of these fields; null when no filter identifies callers. */
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
