// A request that a route is meant for, made up from its match. Sends nothing.

import type { BodyMatch, NamedMatch, RouteConfig } from '../../config/config.ts';
import { textMatching } from './text-matching.ts';

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
const ANY = 'audit';

/** Null where a sample cannot be made up: for a regex beyond the usual. */
export function sampleRequest({ match }: RouteConfig): SampleRequest | null {
  const rawPath = samplePath(match.path);
  const headers = samplePairs(match.headers);
  const query = samplePairs(match.query);
  const cookies = samplePairs(match.cookies);
  const body = sampleBody(match.body);
  if (rawPath === null || headers === null || query === null || cookies === null || body === null) return null;
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

function samplePath(pattern: string): string | null {
  if (pattern.startsWith('~')) {
    const path = textMatching(pattern.slice(1));
    return path?.startsWith('/') === true ? path : null;
  }
  return pattern.replace(/\*$/, ANY).replace(/\{[^}]*\}/g, ANY);
}

function samplePairs(matches: readonly NamedMatch[]): [string, string][] | null {
  const pairs: [string, string][] = [];
  for (const { name, match } of matches) {
    if (match.kind === 'absent') continue;
    const value = sampleValue(match);
    if (value === null) return null;
    pairs.push([name, value]);
  }
  return pairs;
}

function sampleValue(match: Exclude<NamedMatch['match'], { kind: 'absent' }>): string | null {
  if (match.kind === 'exact') return match.value;
  return match.kind === 'present' ? ANY : textMatching(match.source);
}

/** Empty where the route has no conditions on a body. */
function sampleBody(matches: readonly BodyMatch[]): string | null {
  if (matches.length === 0) return '';
  // Because: an array takes members by place as an object does by name.
  const root = (typeof matches[0]!.path[0] === 'number' ? [] : {}) as Container;
  for (const { path, match } of matches) {
    if (match.kind === 'absent') continue;
    const value = match.kind === 'scalar' ? match.value : sampleValue(match);
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
