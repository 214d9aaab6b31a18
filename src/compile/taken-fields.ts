// Finds settings that read a request field which the gateway removes from every request on arrival, because a filter writes the field or
// no peer is trusted to send it: a condition that can never hold, a credential that can never arrive. Such settings are reported, since
// otherwise every caller would fail at once.

import type { Config, Problem } from '../config/config.ts';
import { isForwardingClaim } from '../exchange/forwarded.ts';
import { HeaderNameSet } from '../http/header-name-set.ts';
import type { FilterDefinitions } from './compile-chain.ts';
import { eachFilter } from './each-filter.ts';

/** Errors about settings that read a field in `taken`, the fields that `identityHeadersOf` found. */
export function takenFieldProblems(config: Config, definitions: FilterDefinitions, taken: HeaderNameSet): Problem[] {
  const problems: Problem[] = [];
  const tell = (path: Problem['path'], message: string) => problems.push({ path, message, severity: 'error' });
  for (const { name, path } of headersMatched(config))
    if (taken.has(name)) tell(path, `no request has ${name} when routes are matched: ${takenReason(name)}`);
  // Fields written by earlier filters: an external service, for example, may supply the token that the next filter reads.
  const writtenForAll: string[] = [];
  let written = writtenForAll;
  let chainOf = '';
  eachFilter(config, definitions, (filter, { identityHeaders, copiedHeaders }, routeName) => {
    if (routeName !== chainOf) {
      chainOf = routeName;
      written = [...writtenForAll];
    }
    for (const name of headersReadBy(filter.config)) {
      if (!taken.has(name) || new HeaderNameSet(written, []).has(name)) continue;
      const chain = routeName === '' ? [] : ['routes', config.routes.findIndex(route => route.name === routeName)];
      tell(
        [...chain, 'filters'],
        `${filter.name} looks for a credential in ${name}, and none comes: ${takenReason(name)}`,
      );
    }
    if (identityHeaders !== undefined) written.push(...identityHeaders(filter.config));
    if (copiedHeaders !== undefined) written.push(...copiedHeaders(filter.config));
  });
  return problems;
}

/** Warnings, not errors, about conditions on forwarding fields without trusted proxies: the operator may add a proxy in front later. */
export function untrustedForwardingFieldProblems(config: Config): Problem[] {
  if (config.listeners.some(({ trustedProxies }) => trustedProxies.length > 0)) return [];
  return headersMatched(config)
    .filter(({ name }) => isForwardingClaim(name))
    .map(({ name, path }) => {
      const message = `no request has ${name} when routes are matched: no listener has \`trustedProxies\`, so nobody is believed in it`;
      return { path, message, severity: 'warning' };
    });
}

/** Fields that a request must have to match a route, or to be always sent to its canary. */
function headersMatched({ routes }: Config): { readonly name: string; readonly path: Problem['path'] }[] {
  const found = [];
  for (let at = 0; at < routes.length; at++) {
    const { match, canary } = routes[at]!;
    if (match.headers.length === 0 && canary === undefined) continue;
    for (const each of match.headers)
      if (each.match.kind !== 'absent') found.push({ name: each.name, path: ['routes', at, 'match', 'headers'] });
    for (const each of canary?.always.headers ?? [])
      if (each.match.kind !== 'absent')
        found.push({ name: each.name, path: ['routes', at, 'canary', 'always', 'headers'] });
  }
  return found;
}

function takenReason(name: string): string {
  return `a filter writes ${name} for the upstream, so it is taken out of every request on arrival`;
}

/** Header fields in which a filter looks for a credential, by its `from` setting; see src/base/schema/credential-places.ts. */
function headersReadBy(config: unknown): string[] {
  if (typeof config !== 'object' || config === null || !('from' in config) || !Array.isArray(config.from)) return [];
  return config.from.flatMap(place => {
    if (place?.kind === 'bearer') return ['authorization'];
    return place?.kind === 'header' ? [String(place.name)] : [];
  });
}
