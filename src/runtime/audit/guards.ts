// What guards a route: the filters of its chain that refuse every request without credentials. Judges configurations, not requests.

import type { FilterDefinitions } from '../../compile/compile-chain.ts';
import type { Config, RouteConfig } from '../../config/config.ts';
import type { WrittenFilter } from '../../exchange/filter.ts';

/** Names of the guards in chain order, such as `anyOf(apiKey, jwt)` for nested filters; empty when no filter requires credentials. */
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
    // One alternative without a guard opens the whole `anyOf`, while a single guard is enough for `allOf`.
    const holds = name === 'anyOf' ? inner.every(each => each !== null) : inner.some(each => each !== null);
    return holds ? `${name}(${inner.filter(each => each !== null).join(', ')})` : null;
  }
  const isGuard = definition.isGuard?.(config) ?? definition.identityHeaders !== undefined;
  return isGuard ? name : null;
}
