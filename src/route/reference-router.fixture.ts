// For tests: a simple and slow implementation of the rules of precedence. Shares nothing with the route table but types.

import type { BodyMatch, MatchSpec, ValueMatch } from './match.ts';
import type { Routable } from './routable.ts';

type Place = { spec: MatchSpec; index: number; host: string };

/** Indexes of the routes whose host, path and conditions match, whatever the method; in order of precedence, without repetition. */
export function referenceMatches(specs: readonly MatchSpec[], request: Routable): number[] {
  const places: Place[] = [];
  specs.forEach((spec, index) => {
    for (const host of spec.hosts.length === 0 ? ['*'] : spec.hosts) {
      if (hostMatches(host, request.host) && pathMatches(spec.path, request.path) && conditionsHold(spec, request)) {
        places.push({ spec, index, host });
      }
    }
  });
  places.sort(
    (a, b) =>
      hostRank(b.host) - hostRank(a.host) ||
      comparePaths(a.spec.path, b.spec.path) ||
      weight(b.spec) - weight(a.spec) ||
      a.index - b.index,
  );
  return [...new Set(places.map(place => place.index))];
}

/** Index of the route that wins; -1 when none matches. */
export function referenceFind(specs: readonly MatchSpec[], request: Routable): number {
  return referenceMatches(specs, request).find(index => serves(specs[index]!, request.method)) ?? -1;
}

export function serves({ methods }: MatchSpec, method: string): boolean {
  return methods.length === 0 || methods.includes(method) || (method === 'HEAD' && methods.includes('GET'));
}

function weight({ headers, query, cookies, body, methods, listeners, clients }: MatchSpec): number {
  const ofArrival = (listeners === undefined ? 0 : 1) + (clients === undefined ? 0 : 1);
  return headers.length + query.length + cookies.length + body.length + Math.min(1, methods.length) + ofArrival;
}

/** Ranks by the length of the pattern: all wildcards that match one host are suffixes of it, so the longer text is the longer suffix. */
function hostRank(pattern: string): number {
  if (pattern === '*') return 0;
  return pattern.startsWith('*.') ? pattern.length : 10_000;
}

function hostMatches(pattern: string, host: string): boolean {
  if (pattern === '*') return true;
  if (!pattern.startsWith('*.')) return pattern === host;
  return host.endsWith(pattern.slice(1)) && host.length >= pattern.length;
}

function pathMatches(pattern: string, path: string): boolean {
  return toRegExp(pattern).test(path);
}

/** The patterns of the tests contain no special characters other than those replaced here. */
function toRegExp(pattern: string): RegExp {
  if (pattern.startsWith('~')) return new RegExp(`^(?:${pattern.slice(1)})$`);
  const source = pattern.replace(/\/(?:\*|\{[a-z]+\*\})$/, '(?:/.*)?').replace(/\{[a-z]+\}/g, '[^/]+');
  return new RegExp(`^${source}$`);
}

/** Orders by kind: exact, with parameters, open, regex. Then by segment: a literal, a parameter, the end of an open pattern. */
function comparePaths(a: string, b: string): number {
  const kind = kindOf(a) - kindOf(b);
  if (kind !== 0 || kindOf(a) === 3) return kind;
  const left = a.split('/').map(rank);
  const right = b.split('/').map(rank);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 2) - (right[i] ?? 2);
    if (difference !== 0) return difference;
  }
  return 0;
}

function kindOf(pattern: string): number {
  if (pattern.startsWith('~')) return 3;
  if (/\*\}?$/.test(pattern)) return 2;
  return pattern.includes('{') ? 1 : 0;
}

function rank(segment: string): number {
  if (/^(?:\*|\{[a-z]+\*\})$/.test(segment)) return 2;
  return segment.startsWith('{') ? 1 : 0;
}

function conditionsHold(spec: MatchSpec, request: Routable): boolean {
  const { headers, query, cookies, body, listeners, clients } = spec;
  const { listener = '', client = '' } = request.arrival ?? {};
  if (listeners !== undefined && !listeners.includes(listener)) return false;
  if (clients !== undefined && !clients.some(block => isWithin(block, client))) return false;
  const given = new URLSearchParams(request.query);
  const cookieText = request.headers.get('cookie') ?? '';
  const cookie = new URLSearchParams(cookieText.replaceAll('; ', '&'));
  return (
    headers.every(each => holds(each.match, request.headers.getAll(each.name))) &&
    query.every(each => holds(each.match, given.getAll(each.name))) &&
    cookies.every(each => holds(each.match, cookie.getAll(each.name))) &&
    body.every(each => bodyHolds(each, request.body))
  );
}

function holds(match: ValueMatch, values: readonly string[]): boolean {
  if (match.kind === 'absent') return values.length === 0;
  if (match.kind === 'present') return values.length > 0;
  if (match.kind === 'exact') return values.includes(match.value);
  return values.some(value => new RegExp(`^(?:${match.source})$`).test(value));
}

/** The blocks of the tests are of IPv4, or `::/0`. */
function isWithin(block: string, client: string): boolean {
  if (block.includes(':') || client.includes(':')) return block.includes(':') && client.includes(':');
  const [address = '', length = '32'] = block.split('/');
  return bitsOf(client).startsWith(bitsOf(address).slice(0, Number(length)));
}

function bitsOf(address: string): string {
  return address
    .split('.')
    .map(part => Number(part).toString(2).padStart(8, '0'))
    .join('');
}

/** The bodies of the tests are null or flat objects. */
function bodyHolds({ path, match }: BodyMatch, body: unknown): boolean {
  const field = body === null ? undefined : (body as Record<string, unknown>)[path[0]!];
  if (match.kind === 'scalar') return field === match.value;
  return holds(match, field === undefined ? [] : [String(field)]);
}
