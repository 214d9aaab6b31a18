// Which fields of requests are the gateway's own in this configuration, asked of every filter of every route. Takes nothing out.

import type { Config, FilterConfig } from '../config/config.ts';
import { identityHeaderPrefixes } from '../exchange/identity-lines.ts';
import { HeaderNameSet } from '../http/header-name-set.ts';
import type { FilterDefinitions } from './compile-chain.ts';

/** Null when no filter finds out who calls. */
export function identityHeadersOf(config: Config, definitions: FilterDefinitions): HeaderNameSet | null {
  const names = new Set<string>();
  let identifies = false;
  const visit = (filters: readonly FilterConfig[]): void => {
    for (const { name, config: settings } of filters) {
      const definition = definitions.get(name);
      if (definition?.identityHeaders === undefined) continue;
      identifies = true;
      for (const header of definition.identityHeaders(settings)) names.add(header);
    }
  };
  visit(config.filters);
  for (const { filters } of config.routes) if (filters.length > 0) visit(filters);
  return identifies ? new HeaderNameSet(names, identityHeaderPrefixes) : null;
}
