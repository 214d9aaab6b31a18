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
}

/** Placeholder where the route accepts any text. */
export const SAMPLE_TEXT = 'audit';

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
    host: (match.hosts[0] ?? `${SAMPLE_TEXT}.invalid`).replace(/^\*/, SAMPLE_TEXT),
    rawPath,
    query: query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&'),
    headers: cookie === '' ? headers : [...headers, ['cookie', cookie]],
    body,
  };
}

function pathsOf(pattern: string): string[] {
  if (pattern.startsWith('~')) return textsMatching(pattern.slice(1)).filter(path => path.startsWith('/'));
  return [pattern.replace(/\*$/, SAMPLE_TEXT).replace(/\{[^}]*\}/g, SAMPLE_TEXT)];
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
