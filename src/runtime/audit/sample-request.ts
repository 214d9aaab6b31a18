// Requests that a route is meant for, made up from its match: several where an expression takes texts of several kinds. Sends nothing.

import type { BodyMatch, NamedMatch, RouteConfig } from '../../config/config.ts';
import { textsMatching } from './text-matching.ts';

export interface SampleRequest {
  readonly method: string;
  /** Lower case, without a port. */
  readonly host: string;
  /** As a client would send it. */
  readonly rawPath: string;
  /** Without the question mark. */
  readonly query: string;
  readonly headers: readonly (readonly [string, string])[];
  /** JSON; empty for none. */
  readonly body: string;
}

/** Stands where any text will do. */
export const ANY = 'audit';

/** Of one route. */
const SAMPLES_MAX = 32;

/** The plainest first; none where none can be made up: for a regex beyond the usual. */
export function sampleRequests(route: RouteConfig): SampleRequest[] {
  const { match } = route;
  const named = [match.headers, match.query, match.cookies].flat().map(each => valuesOf(each));
  const paths = pathsOf(match.path);
  // With the first text of every condition each path; with the first path each text of the conditions.
  const turns = Math.max(...named.map(({ length }) => length), 1);
  const samples = [
    ...paths.map(path => sampleWith(route, path, 0)),
    ...Array.from({ length: turns - 1 }, (_, at) => sampleWith(route, paths[0], at + 1)),
  ];
  return samples.filter(each => each !== null).slice(0, SAMPLES_MAX);
}

/** The plainest of them. */
export function sampleRequest(route: RouteConfig): SampleRequest | null {
  return sampleWith(route, pathsOf(route.match.path)[0], 0);
}

/** `turn` says which of the texts that its conditions take. */
function sampleWith({ match }: RouteConfig, rawPath: string | undefined, turn: number): SampleRequest | null {
  const headers = samplePairs(match.headers, turn);
  const query = samplePairs(match.query, turn);
  const cookies = samplePairs(match.cookies, turn);
  const body = sampleBody(match.body);
  if (rawPath === undefined || headers === null || query === null || cookies === null || body === null) return null;
  const cookie = cookies.map(([name, value]) => `${name}=${value}`).join('; ');
  return {
    method: match.methods[0] ?? (body === '' ? 'GET' : 'POST'),
    host: (match.hosts[0] ?? `${ANY}.invalid`).replace(/^\*/, ANY),
    rawPath,
    query: query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&'),
    headers: cookie === '' ? headers : [...headers, ['cookie', cookie]],
    body,
  };
}

function pathsOf(pattern: string): string[] {
  if (pattern.startsWith('~')) return textsMatching(pattern.slice(1)).filter(path => path.startsWith('/'));
  return [pattern.replace(/\*$/, ANY).replace(/\{[^}]*\}/g, ANY)];
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

/** Empty for what has to be absent, and where none can be made up. */
function valuesOf({ match }: Pick<NamedMatch, 'match'>): readonly string[] {
  if (match.kind === 'exact') return [match.value];
  if (match.kind === 'present') return [ANY];
  return match.kind === 'absent' ? [] : textsMatching(match.source);
}

/** Empty where the route has no conditions on a body. */
function sampleBody(matches: readonly BodyMatch[]): string | null {
  if (matches.length === 0) return '';
  // Because: an array takes members by place as an object does by name.
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

/** JSON with members by name or place. */
type Container = { [step: string | number]: unknown };

function put(root: Container, path: readonly (string | number)[], value: unknown): void {
  let at = root;
  for (const [depth, step] of path.entries()) {
    if (depth === path.length - 1) at[step] = value;
    // Because: members of this value are made here, as containers.
    else at = (at[step] ??= typeof path[depth + 1] === 'number' ? [] : {}) as Container;
  }
}
