// Routes that say no more than most do: a name, hosts, a path, methods, and the upstream where they lead. How they are made, and the
// short form in which ten thousand of them cross to a worker. Knows no schema: workers use it.

import type { BodyMatch, DestinationConfig, FilterConfig, MatchConfig, NamedMatch, RouteConfig } from './config.ts';

// Shared by all routes that ask for nothing: ten thousand routes are many empty lists.
export const noFilters: readonly FilterConfig[] = Object.freeze([]);
export const noNames: readonly string[] = Object.freeze([]);
export const noConditions: readonly NamedMatch[] = Object.freeze([]);
export const noBodyConditions: readonly BodyMatch[] = Object.freeze([]);

/** Name, path, upstream, and as far as they are not empty hosts and methods. */
export type ShortRoute = readonly [string, string, string, (readonly string[])?, (readonly string[])?];

/** A match without conditions on anything but host, path and method; empty lists for all hosts, all methods. */
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

/** Thousands of routes lead to the same few upstreams, mostly one behind the other. */
let lastDestination: DestinationConfig & { readonly kind: 'upstream' } = Object.freeze({
  kind: 'upstream',
  upstream: '',
});

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

/** Whether a route has no filters and no key but those that every route has. */
export function isBare(route: RouteConfig): boolean {
  return route.filters.length === 0 && keyCount(route) === routeKeys;
}

/** Without a list of them: it is asked of every route, several times. */
function keyCount(route: RouteConfig): number {
  let count = 0;
  for (const _ in route) count++;
  return count;
}

/** The upstream of a route that can name nothing else: all that other parts of a document have to do with it. Null for other routes. */
export function onlyUpstream(route: RouteConfig): string | null {
  return route.to.kind === 'upstream' && route.rewrite === null && isBare(route) ? route.to.upstream : null;
}

/** Null for a route that says more. */
export function shortForm(route: RouteConfig): ShortRoute | null {
  const { name, match, rewrite, to, timeoutMs } = route;
  if (to.kind !== 'upstream' || !isBare(route) || rewrite !== null || timeoutMs !== null || route.public) return null;
  const { hosts, path, methods, headers, query, cookies, body } = match;
  if (headers.length + query.length + cookies.length + body.length > 0) return null;
  if (methods.length > 0) return [name, path, to.upstream, hosts, methods];
  return hosts.length > 0 ? [name, path, to.upstream, hosts] : [name, path, to.upstream];
}

export function ofShortForm(form: ShortRoute): RouteConfig {
  // Because: taking it apart by a pattern makes six objects until the code is compiled.
  return bareRoute(form[0], bareMatch(form[3] ?? noNames, form[1], form[4] ?? noNames), form[2]);
}

/** Whether two short forms say the same. */
export function isSameShort(a: ShortRoute, b: ShortRoute): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && areSameNames(a[3], b[3]) && areSameNames(a[4], b[4]);
}

function areSameNames(a: readonly string[] = noNames, b: readonly string[] = noNames): boolean {
  return a.length === b.length && a.every((name, at) => name === b[at]);
}
