// What guards a route: the filters of its chain that let nobody pass without credentials. Judges configurations, not requests.

import type { FilterDefinitions } from '../../compile/compile-chain.ts';
import type { Config, RouteConfig } from '../../config/config.ts';
import type { WrittenFilter } from '../../exchange/filter.ts';

/** Names of the guards in order, `anyOf(apiKey, jwt)` for those inside others; empty when anyone may pass. */
export function guardsOf(config: Config, route: RouteConfig, definitions: FilterDefinitions): string[] {
  return [...config.filters, ...route.filters].flatMap(filter => {
    const guard = guardText(filter, definitions);
    return guard === null ? [] : [guard];
  });
}

function guardText({ name, config }: WrittenFilter, definitions: FilterDefinitions): string | null {
  const definition = definitions.get(name);
  if (definition === undefined) return null;
  if (definition.inner !== undefined) {
    const inner = definition.inner(config).map(each => guardText(each, definitions));
    // One way without a guard is a way around all of anyOf, while one guard is enough for allOf.
    const holds = name === 'anyOf' ? inner.every(each => each !== null) : inner.some(each => each !== null);
    return holds ? `${name}(${inner.filter(each => each !== null).join(', ')})` : null;
  }
  const isGuard = definition.isGuard?.(config) ?? definition.identityHeaders !== undefined;
  return isGuard ? name : null;
}
