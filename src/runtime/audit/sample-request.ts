// Makes up requests that a route is meant for: several when a regular expression accepts texts of several kinds. Sends nothing.

import type { BodyMatch, NamedMatch, RouteConfig } from '../../config/config.ts';
import { textsMatching } from './text-matching.ts';

export interface SampleRequest {
  readonly method: string;
  /** Lower case, without a port. */
  readonly host: string;
  /** Path as a client would send it. */
  readonly rawPath: string;
  /** Query without the question mark; empty for none. */
  readonly query: string;
  readonly headers: readonly (readonly [string, string])[];
  /** JSON text; empty for no body. */
  readonly body: string;
  /** Name of the listener at which it comes in; empty for one that no route names. */
  readonly listener: string;
  readonly client: string;
}

/** All of a request except its path: any caller can set these parts freely. */
export type Situation = Omit<SampleRequest, 'rawPath'>;

/** Placeholder where the route accepts any text: a word that is hardly in any other route's path, which would take the sample then. */
export const SAMPLE_TEXT = 'auditsample';

/** The client of requests to routes for every client: an address of nobody, in no network that people write (RFC 1112 section 4). */
export const SAMPLE_CLIENT = '240.0.0.1';

/** The host of requests to routes of every host; no route can be for it (RFC 6761). */
const SAMPLE_HOST = 'audit.invalid';

/** Most samples of one route. */
const SAMPLES_MAX = 32;

/** The simplest request first. Empty when none can be made up, as for a regular expression beyond the usual. */
export function sampleRequests(route: RouteConfig): SampleRequest[] {
  const { match } = route;
  const named = [match.headers, match.query, match.cookies].flat().map(each => valuesOf(each));
  const paths = pathsOf(match.path);
  // Every path with the first text of each condition, then the first path with each further text of the conditions.
  const turns = Math.max(...named.map(({ length }) => length), 1);
  const samples = [
    ...paths.map(path => sampleWith(route, path, 0)),
    ...Array.from({ length: turns - 1 }, (_, at) => sampleWith(route, paths[0], at + 1)),
  ];
  return samples.filter(each => each !== null).slice(0, SAMPLES_MAX);
}

/** The simplest of `sampleRequests`; null when none can be made up. */
export function sampleRequest(route: RouteConfig): SampleRequest | null {
  return sampleWith(route, pathsOf(route.match.path)[0], 0);
}

/** Hosts, and methods, of which a route may have many: more of them are not tried. */
const EACH_MAX = 8;

/** A method that hardly any route names, so that a route without methods gets it. */
const RARE_METHOD = 'PROPFIND';

/** What routes want to be absent from a request: a request that has all of it takes none of them. */
export type Unwanted = Pick<RouteConfig['match'], 'headers' | 'query' | 'cookies' | 'body'>;

export function unwantedBy(routes: readonly RouteConfig[]): Unwanted {
  const named = (matches: readonly NamedMatch[]): NamedMatch[] => {
    const names = new Set(matches.filter(({ match }) => match.kind === 'absent').map(({ name }) => name));
    return Array.from(names, name => ({ name, match: { kind: 'present' } }));
  };
  const parts = routes.flatMap(({ match }) => match.body).filter(({ match }) => match.kind === 'absent');
  return {
    headers: named(routes.flatMap(({ match }) => match.headers)),
    query: named(routes.flatMap(({ match }) => match.query)),
    cookies: named(routes.flatMap(({ match }) => match.cookies)),
    // Because: parts of a body may lie inside each other, and then not all of them can be present.
    body: parts.slice(0, 1).map(({ path }) => ({ path, match: { kind: 'present' } })),
  };
}

/**
 * The simplest of `sampleRequests` without its path, with each of the route's hosts, methods and listeners; the same with what other routes
 * want to be absent. Empty when it cannot be made up. A route that names no listener holds at each of `everyListener`.
 */
export function situationsOf(route: RouteConfig, unwanted: Unwanted, everyListener: readonly string[]): Situation[] {
  const { hosts, methods, listeners = everyListener } = route.match;
  return [route, withUnwanted(route, unwanted)].flatMap(each => {
    const simplest = each === null ? null : sampleWith(each, '', 0);
    if (simplest === null) return [];
    const { rawPath: _, ...situation } = simplest;
    const ofHosts = hosts.length === 0 ? [situation.host] : hosts.slice(0, EACH_MAX).map(sampleHost);
    const ofMethods = methods.length === 0 ? [situation.method, RARE_METHOD] : methods.slice(0, EACH_MAX);
    const ofPlaces = ofHosts.flatMap(host => listeners.map(listener => ({ ...situation, host, listener })));
    return ofPlaces.flatMap(each => ofMethods.map(method => ({ ...each, method })));
  });
}

/** The route as if it wanted, besides its own conditions, what others want to be absent; null when there is nothing to add. */
function withUnwanted(route: RouteConfig, unwanted: Unwanted): RouteConfig | null {
  const { match } = route;
  const beside = (own: readonly NamedMatch[], others: readonly NamedMatch[]) =>
    others.filter(({ name }) => !own.some(each => each.name === name));
  const headers = beside(match.headers, unwanted.headers);
  const query = beside(match.query, unwanted.query);
  const cookies = beside(match.cookies, unwanted.cookies);
  const body = match.body.length === 0 ? unwanted.body : [];
  if (headers.length + query.length + cookies.length + body.length === 0) return null;
  return {
    ...route,
    match: {
      ...match,
      headers: [...match.headers, ...headers],
      query: [...match.query, ...query],
      cookies: [...match.cookies, ...cookies],
      body: [...match.body, ...body],
    },
  };
}

function sampleHost(pattern: string): string {
  return pattern.replace(/^\*/, SAMPLE_TEXT);
}

/** `turn` selects which of its texts each condition gets: 0 for the first. Null when a part cannot be made up. */
function sampleWith({ match }: RouteConfig, rawPath: string | undefined, turn: number): SampleRequest | null {
  const headers = samplePairs(match.headers, turn);
  const query = samplePairs(match.query, turn);
  const cookies = samplePairs(match.cookies, turn);
  const body = sampleBody(match.body);
  if (rawPath === undefined || headers === null || query === null || cookies === null || body === null) return null;
  const cookie = cookies.map(([name, value]) => `${name}=${value}`).join('; ');
  return {
    method: match.methods[0] ?? (body === '' ? 'GET' : 'POST'),
    host: sampleHost(match.hosts[0] ?? SAMPLE_HOST),
    rawPath,
    query: query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&'),
    headers: cookie === '' ? headers : [...headers, ['cookie', cookie]],
    body,
    listener: match.listeners?.[0] ?? '',
    client: match.clients === undefined ? SAMPLE_CLIENT : sampleClient(match.clients),
  };
}

/** An address of the first block. */
export function sampleClient([block = '']: readonly string[]): string {
  return block.replace(/\/.*$/, '');
}

function pathsOf(pattern: string): string[] {
  if (pattern.startsWith('~')) return textsMatching(pattern.slice(1)).filter(path => path.startsWith('/'));
  return [pattern.replace(/\*$/, SAMPLE_TEXT).replace(/\{[^}]*\}/g, SAMPLE_TEXT)];
}

/** How many texts of a regular expression are tried with a segment more. */
const LONGER_TEXTS = 4;

/**
 * Paths of another length than the samples: the shortest and a longer one of a pattern that goes on, and texts of a regular expression with
 * a segment more, which it may not match. Where other routes take all samples, these may be left.
 */
export function otherLengths({ match: { path } }: RouteConfig): string[] {
  if (path.startsWith('~'))
    return pathsOf(path)
      .slice(0, LONGER_TEXTS)
      .map(text => `${text}/${SAMPLE_TEXT}`);
  const [sample = ''] = pathsOf(path);
  const isOpen = /(?:\*|\*\})$/.test(path);
  return isOpen ? [sample.slice(0, -SAMPLE_TEXT.length - 1) || '/', `${sample}/${SAMPLE_TEXT}`] : [];
}

function samplePairs(matches: readonly NamedMatch[], turn: number): [string, string][] | null {
  const pairs: [string, string][] = [];
  for (const each of matches) {
    if (each.match.kind === 'absent') continue;
    const values = valuesOf(each);
    const value = values[Math.min(turn, values.length - 1)];
    if (value === undefined) return null;
    pairs.push([each.name, value]);
  }
  return pairs;
}

/** Texts that satisfy the condition; empty for a condition of absence, and when none can be made up. */
function valuesOf({ match }: Pick<NamedMatch, 'match'>): readonly string[] {
  if (match.kind === 'exact') return [match.value];
  if (match.kind === 'present') return [SAMPLE_TEXT];
  return match.kind === 'absent' ? [] : textsMatching(match.source);
}

/** The empty string when the route has no conditions on the body; null when no body can be made up. */
function sampleBody(matches: readonly BodyMatch[]): string | null {
  if (matches.length === 0) return '';
  // Because: an array takes members by index just as an object takes them by name.
  const root = (typeof matches[0]!.path[0] === 'number' ? [] : {}) as Container;
  for (const { path, match } of matches) {
    if (match.kind === 'absent') continue;
    const value = match.kind === 'scalar' ? match.value : (valuesOf({ match })[0] ?? null);
    // Because: null is a scalar that a route may ask for.
    if (value === null && match.kind !== 'scalar') return null;
    put(root, path, value);
  }
  return JSON.stringify(root);
}

/** A JSON object or array, with members by name or index. */
type Container = { [step: string | number]: unknown };

function put(root: Container, path: readonly (string | number)[], value: unknown): void {
  let at = root;
  for (const [depth, step] of path.entries()) {
    if (depth === path.length - 1) at[step] = value;
    // Because: every value on the way was created here, as a container.
    else at = (at[step] ??= typeof path[depth + 1] === 'number' ? [] : {}) as Container;
  }
}
