// What guards a route: the filters of its chain that refuse every request without credentials. Judges configurations, not requests.

import { optionalOf } from '../../base/schema/optional-login.ts';
import type { FilterDefinitions } from '../../compile/compile-chain.ts';
import type { Config, ConsumerConfig, RouteConfig } from '../../config/config.ts';
import type { WrittenFilter } from '../../exchange/filter.ts';

/**
 * Names of the guards in chain order, such as `anyOf(apiKey, jwt)` for nested filters; empty when no filter requires credentials. A filter
 * that identifies nobody, such as `acl`, is named only where the filters that identify callers before it let strangers pass.
 */
export function guardsOf(config: Config, route: RouteConfig, definitions: FilterDefinitions): string[] {
  const guards: string[] = [];
  let identifies = false;
  let stranger: ConsumerConfig | null = null;
  for (const filter of [...config.filters, ...route.filters]) {
    const definition = definitions.get(filter.name);
    if (definition === undefined) continue;
    if (definition.identityHeaders !== undefined || definition.inner !== undefined) {
      identifies = true;
      const guard = guardText(filter, definitions);
      if (guard !== null) guards.push(guard);
      const named: string | null = optionalOf(filter)?.consumer ?? null;
      stranger ??= config.consumers.find(({ name }) => name === named) ?? null;
    } else if (identifies && guards.length === 0 && definition.isGuard?.(filter.config, stranger) === true)
      guards.push(filter.name);
  }
  return guards;
}

/** Names of the filters of a route that identify callers and let those pass who show no credential, in chain order. */
export function optionalFiltersOf(config: Config, route: RouteConfig): string[] {
  return [...config.filters, ...route.filters].flatMap(filter => (optionalOf(filter) === null ? [] : [filter.name]));
}

function guardText({ name, config }: WrittenFilter, definitions: FilterDefinitions): string | null {
  const definition = definitions.get(name);
  if (definition === undefined || optionalOf({ name, config }) !== null) return null;
  if (definition.inner !== undefined) {
    const inner = definition.inner(config).map(each => guardText(each, definitions));
    // One alternative without a guard opens the whole `anyOf`, while a single guard is enough for `allOf`.
    const holds = name === 'anyOf' ? inner.every(each => each !== null) : inner.some(each => each !== null);
    return holds ? `${name}(${inner.filter(each => each !== null).join(', ')})` : null;
  }
  const isGuard = definition.isGuard?.(config, null) ?? definition.identityHeaders !== undefined;
  return isGuard ? name : null;
}
