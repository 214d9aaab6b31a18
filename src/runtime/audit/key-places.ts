// Where the filters of a configuration look for keys and tokens, so that a probe can put wrong ones there.

import type { CredentialPlace } from '../../base/schema/credential-places.ts';
import { optionalOf } from '../../base/schema/optional-login.ts';
import type { FilterDefinitions } from '../../compile/compile-chain.ts';
import { eachFilter } from '../../compile/each-filter.ts';
import type { Config, RouteConfig } from '../../config/config.ts';
import type { WrittenFilter } from '../../exchange/filter.ts';
import type { KeyPlaces } from './bad-credentials.ts';

/** Header fields that usually contain keys. Always probed, whatever the configuration says: a proxy in front may accept keys there. */
const usualHeaders = ['x-api-key', 'api-key'];

export function keyPlacesOf(config: Config, definitions: FilterDefinitions): KeyPlaces {
  const names = { header: new Set(usualHeaders), cookie: new Set<string>(), query: new Set<string>() };
  const ofRoutes = new Map<string, CredentialPlace[]>();
  eachFilter(config, definitions, ({ config: written }, _definition, routeName) => {
    for (const place of placesOf(written)) {
      const { kind, name } = place;
      if (kind === 'bearer') continue;
      names[kind].add(name);
      const known = ofRoutes.get(routeName) ?? [];
      if (!known.some(other => other.kind === kind && other.name === name)) ofRoutes.set(routeName, [...known, place]);
    }
  });
  return { headers: [...names.header], cookies: [...names.cookie], queries: [...names.query], ofRoutes };
}

/** Where the filters of a route look for a credential that is optional, so that a wrong one there is refused although none is required. */
export function optionalPlacesOf(
  config: Config,
  route: RouteConfig,
  definitions: FilterDefinitions,
): CredentialPlace[] {
  const places = ({ name, config: written }: WrittenFilter): CredentialPlace[] => {
    if (name === 'basic') return [{ kind: 'header', name: 'authorization' }];
    const inner = definitions.get(name)?.inner?.(written);
    return inner === undefined ? placesOf(written) : inner.flatMap(places);
  };
  return [...config.filters, ...route.filters].filter(each => optionalOf(each) !== null).flatMap(places);
}

/** The places of a filter that has a `from` setting, empty for other filters; see src/base/schema/credential-places.ts. */
function placesOf(written: unknown): CredentialPlace[] {
  if (typeof written !== 'object' || written === null || !('from' in written) || !Array.isArray(written.from))
    return [];
  const isPlace = (each: Partial<CredentialPlace> | null) =>
    ['bearer', 'header', 'cookie', 'query'].includes(each?.kind ?? '') && typeof each?.name === 'string';
  return written.from.filter(isPlace);
}
