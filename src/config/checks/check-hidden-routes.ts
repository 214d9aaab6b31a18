// Warns of routes that hardly any request reaches, where gateways with another precedence or other prefixes would send them many:
// expressions behind a prefix, and `/` alone.

import type { MatchConfig, Problem, RouteConfig } from '../config.ts';
import type { CheckedParts } from './check-document.ts';
import { RouteSearch } from './route-search.ts';

/** The routes that others may hide. */
const hideable = new RouteSearch(({ match: { path } }) => path === '/' || path.startsWith('~'));

/** Returns warnings. Considers all routes after every change, because any of them may hide another or cease to do so. */
export function checkHiddenRoutes({ routes }: CheckedParts): Problem[] {
  const problems: Problem[] = [];
  const warn = (at: number, message: string) =>
    problems.push({ path: ['routes', at, 'match', 'path'], message, severity: 'warning' });
  let prefixes: Prefixes | null = null;
  let others: ReadonlySet<string> | null = null;
  for (const at of hideable.placesIn(routes)) {
    const route = routes[at]!;
    if (route.match.path !== '/') {
      prefixes ??= prefixesOf(routes);
      const hiding = hidingRoute(route.match, prefixes);
      if (hiding === null) continue;
      const { name, match } = hiding;
      warn(
        at,
        `no request reaches this: expressions are tried last, and "${name}" takes every path of \`${match.path}\` before; write \`~${withoutRest(match.path)}/.*\` there, behind this route`,
      );
    } else if (isUpstream(route)) {
      others ??= hostsOfOthers(routes);
      if (isAlone(route.match, others)) warn(at, 'this matches only the path `/` itself: for every path write `/*`');
    }
  }
  return problems;
}

// ---- Expressions behind a prefix ---------------------------------------------------------------------------------------

/** Routes that take every path below a prefix from every client without further conditions, by host (`*` for every host) and prefix: `a.example /api`. */
type Prefixes = ReadonlyMap<string, readonly RouteConfig[]>;

const prefixForm = /^(?:\/[^{}*]*)?\/(?:\*|\{[A-Za-z_][\w-]*\*\})$/;
const everyHost: readonly string[] = ['*'];

function prefixesOf(routes: CheckedParts['routes']): Prefixes {
  const prefixes = new Map<string, RouteConfig[]>();
  for (const route of routes) {
    if (route === undefined || !prefixForm.test(route.match.path)) continue;
    const { path, headers, query, cookies, body, clients } = route.match;
    if (headers.length + query.length + cookies.length + body.length > 0 || clients !== undefined) continue;
    for (const host of hostsOf(route.match)) {
      const key = `${host} ${withoutRest(path)}`;
      const list = prefixes.get(key);
      if (list === undefined) prefixes.set(key, [route]);
      else list.push(route);
    }
  }
  return prefixes;
}

/** The route that takes all requests of an expression, under each of its hosts; null if there is none for one of them. */
function hidingRoute(match: MatchConfig, prefixes: Prefixes): RouteConfig | null {
  const above = prefixesAbove(literalStart(match.path.slice(1)));
  let first: RouteConfig | null = null;
  for (const host of hostsOf(match)) {
    const hiding = above
      .flatMap(prefix => prefixes.get(`${host} ${prefix}`) ?? [])
      .find(route => servesAll(route.match.methods, match.methods) && isWhereverIs(route.match, match));
    if (hiding === undefined) return null;
    first ??= hiding;
  }
  return first;
}

/** The prefixes below which a path with this start lies: of `/api/v1` the empty one and `/api`. */
function prefixesAbove(start: string): string[] {
  const above = [''];
  for (let slash = start.indexOf('/', 1); slash !== -1; slash = start.indexOf('/', slash + 1))
    above.push(start.slice(0, slash));
  return above;
}

function hostsOf({ hosts }: MatchConfig): readonly string[] {
  return hosts.length === 0 ? everyHost : hosts;
}

/** `/api` for `/api/*`; empty for `/*`. */
function withoutRest(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** Whether a route with `methods` serves all of `wanted`. An empty list stands for every method, and GET serves HEAD as well. */
function servesAll(methods: readonly string[], wanted: readonly string[]): boolean {
  if (methods.length === 0) return true;
  const serves = (method: string) => methods.includes(method) || (method === 'HEAD' && methods.includes('GET'));
  return wanted.length > 0 && wanted.every(serves);
}

/** Whether a route holds at every listener at which the other one does. */
function isWhereverIs({ listeners }: MatchConfig, other: MatchConfig): boolean {
  return listeners === undefined || (other.listeners?.every(name => listeners.includes(name)) ?? false);
}

/** Text with which everything begins that matches the expression; less than there is, or nothing, where that is not simple to see. */
function literalStart(source: string): string {
  if (source.includes('|')) return '';
  const [, letters = ''] = /^\^?((?:[A-Za-z0-9_~/-]|\\[./-])*)/.exec(source) ?? [];
  const next = source.replace(/^\^/, '').charAt(letters.length);
  const sure = /[?*{]/.test(next) ? letters.slice(0, -1) : letters;
  return sure.replaceAll('\\', '');
}

// ---- `/` alone -----------------------------------------------------------------------------------------------------------

function isUpstream({ to }: RouteConfig): boolean {
  return to.kind === 'upstream' || to.kind === 'split';
}

/** The hosts that have a route with another path than `/`. */
function hostsOfOthers(routes: CheckedParts['routes']): ReadonlySet<string> {
  const hosts = new Set<string>();
  for (const route of routes) {
    if (route === undefined || route.match.path === '/') continue;
    for (const host of hostsOf(route.match)) hosts.add(host.startsWith('*') ? '*' : host);
  }
  return hosts;
}

/** Whether no route has another path under these hosts: whoever means only a home page has one for what belongs to it. */
function isAlone(match: MatchConfig, others: ReadonlySet<string>): boolean {
  if (others.size === 0) return true;
  return !others.has('*') && hostsOf(match).every(host => !host.startsWith('*') && !others.has(host));
}
