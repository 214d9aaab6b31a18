// Bare routes, as most routes are: a name, hosts, a path, methods and one upstream, and nothing more. How they are made, and the short
// form in which ten thousand of them are sent to a worker. Knows no schema, because workers import it.

import type { BodyMatch, DestinationConfig, FilterConfig, MatchConfig, NamedMatch, RouteConfig } from './config.ts';

// Shared by all routes without filters or conditions: ten thousand routes would otherwise hold many empty lists.
export const noFilters: readonly FilterConfig[] = Object.freeze([]);
export const noNames: readonly string[] = Object.freeze([]);
export const noConditions: readonly NamedMatch[] = Object.freeze([]);
export const noBodyConditions: readonly BodyMatch[] = Object.freeze([]);

/** Name, path, upstream, hosts, methods. Trailing empty lists are left out. */
export type ShortRoute = readonly [string, string, string, (readonly string[])?, (readonly string[])?];

/** A match with conditions on host, path and method only. An empty list matches every host or every method. */
export function bareMatch(hosts: readonly string[], path: string, methods: readonly string[]): MatchConfig {
  return {
    hosts,
    path,
    methods,
    headers: noConditions,
    query: noConditions,
    cookies: noConditions,
    body: noBodyConditions,
  };
}

/** The destination that was used last: thousands of routes lead to the same few upstreams, mostly in consecutive order. */
let lastDestination: DestinationConfig & { readonly kind: 'upstream' } = Object.freeze({
  kind: 'upstream',
  upstream: '',
});

/** A bare route to this upstream. The object of its destination may be shared with other routes. */
export function bareRoute(name: string, match: MatchConfig, upstream: string): RouteConfig {
  if (lastDestination.upstream !== upstream) lastDestination = Object.freeze({ kind: 'upstream', upstream });
  return {
    name,
    match,
    public: false,
    filters: noFilters,
    rewrite: null,
    to: lastDestination,
    timeoutMs: null,
  };
}

const routeKeys = keyCount(bareRoute('', bareMatch([], '', []), ''));

/** Whether a route has no filters and only those keys that every route has. */
export function isBare(route: RouteConfig): boolean {
  return route.filters.length === 0 && keyCount(route) === routeKeys;
}

/** Counts the keys without making a list of them, because it is called several times for every route. */
function keyCount(route: RouteConfig): number {
  let count = 0;
  for (const _ in route) count++;
  return count;
}

/** The upstream of a route that refers to no other part of the document than this upstream. Null for every other route. */
export function onlyUpstream(route: RouteConfig): string | null {
  return route.to.kind === 'upstream' && route.rewrite === null && isBare(route) ? route.to.upstream : null;
}

/** The route in short form; null for a route that has more than the short form can hold. */
export function shortForm(route: RouteConfig): ShortRoute | null {
  const { name, match, rewrite, to, timeoutMs } = route;
  if (to.kind !== 'upstream' || !isBare(route) || rewrite !== null || timeoutMs !== null || route.public) return null;
  const { hosts, path, methods, headers, query, cookies, body, listeners, clients } = match;
  if (headers.length + query.length + cookies.length + body.length > 0) return null;
  if (listeners !== undefined || clients !== undefined) return null;
  if (methods.length > 0) return [name, path, to.upstream, hosts, methods];
  return hosts.length > 0 ? [name, path, to.upstream, hosts] : [name, path, to.upstream];
}

/** The route of which `shortForm` gave this form. */
export function ofShortForm(form: ShortRoute): RouteConfig {
  // Because: destructuring the tuple makes six objects until the code is compiled.
  return bareRoute(form[0], bareMatch(form[3] ?? noNames, form[1], form[4] ?? noNames), form[2]);
}

/** Whether two short forms stand for equal routes. */
export function isSameShort(a: ShortRoute, b: ShortRoute): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && areSameNames(a[3], b[3]) && areSameNames(a[4], b[4]);
}

function areSameNames(a: readonly string[] = noNames, b: readonly string[] = noNames): boolean {
  return a.length === b.length && a.every((name, at) => name === b[at]);
}
