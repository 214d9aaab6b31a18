// A request that a route is meant for, made up from its match. Sends nothing.

import type { NamedMatch, RouteConfig } from '../../config/config.ts';

export interface SampleRequest {
  readonly method: string;
  /** Lower case, without a port. */
  readonly host: string;
  /** As a client would send it. */
  readonly rawPath: string;
  /** Without the question mark. */
  readonly query: string;
  readonly headers: readonly (readonly [string, string])[];
}

/** Stands where any text will do. */
const ANY = 'audit';

/** Null where a sample cannot be made up: regexes and conditions on a body. */
export function sampleRequest({ match }: RouteConfig): SampleRequest | null {
  const rawPath = samplePath(match.path);
  const headers = samplePairs(match.headers);
  const query = samplePairs(match.query);
  const cookies = samplePairs(match.cookies);
  if (rawPath === null || headers === null || query === null || cookies === null || match.body.length > 0) return null;
  const cookie = cookies.map(([name, value]) => `${name}=${value}`).join('; ');
  return {
    method: match.methods[0] ?? 'GET',
    host: (match.hosts[0] ?? `${ANY}.invalid`).replace(/^\*/, ANY),
    rawPath,
    query: query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&'),
    headers: cookie === '' ? headers : [...headers, ['cookie', cookie]],
  };
}

function samplePath(pattern: string): string | null {
  if (pattern.startsWith('~')) return null;
  return pattern.replace(/\*$/, ANY).replace(/\{[^}]*\}/g, ANY);
}

function samplePairs(matches: readonly NamedMatch[]): [string, string][] | null {
  const pairs: [string, string][] = [];
  for (const { name, match } of matches) {
    if (match.kind === 'regex') return null;
    if (match.kind === 'exact') pairs.push([name, match.value]);
    else if (match.kind === 'present') pairs.push([name, ANY]);
  }
  return pairs;
}
