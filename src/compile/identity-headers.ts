// Collects from all filters the request fields that only the gateway may write in this configuration. Does not remove them.

import type { Config } from '../config/config.ts';
import { identityHeaderPrefixes } from '../exchange/identity/identity-lines.ts';
import type { Snapshot } from '../exchange/snapshot.ts';
import { HeaderNameSet } from '../http/header-name-set.ts';
import type { FilterDefinitions } from './compile-chain.ts';
import { eachFilter } from './each-filter.ts';

/** The names of these fields; both are null when no filter identifies callers. */
export function identityHeadersOf(
  config: Config,
  definitions: FilterDefinitions,
): Pick<Snapshot, 'identityHeaders' | 'callerHeaders'> {
  const ofCallers = new Set<string>();
  const copied = new Set<string>();
  let identifies = false;
  eachFilter(config, definitions, (filter, { identityHeaders, copiedHeaders }) => {
    if (identityHeaders === undefined) return;
    identifies = true;
    for (const header of identityHeaders(filter.config)) ofCallers.add(header);
    for (const header of copiedHeaders?.(filter.config) ?? []) copied.add(header);
  });
  if (!identifies) return { identityHeaders: null, callerHeaders: null };
  const callerHeaders = new HeaderNameSet(ofCallers, identityHeaderPrefixes);
  return { identityHeaders: new HeaderNameSet(ofCallers.union(copied), identityHeaderPrefixes), callerHeaders };
}
