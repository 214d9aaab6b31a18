// Requests with which a caller may try to reach what a route serves without taking that route.

import type { SampleRequest, Situation } from './sample-request.ts';

export type Trick = 'method' | 'host' | 'trailing slash' | 'case' | 'encoding' | 'situation';

export interface Variant {
  readonly trick: Trick;
  readonly request: SampleRequest;
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'PROPFIND'];

/** Variants of one request. Some are other spellings of the same request, which the gateway has to recognise as such. */
export function variantsOf(request: SampleRequest): Variant[] {
  const paths = (trick: Trick, rawPaths: readonly string[]): Variant[] =>
    rawPaths
      .filter(rawPath => rawPath !== request.rawPath)
      .map(rawPath => ({ trick, request: { ...request, rawPath } }));
  const { rawPath, host } = request;
  return [
    ...methods
      .filter(method => method !== request.method)
      .map(method => ({ trick: 'method' as const, request: { ...request, method } })),
    ...['other.invalid', 'localhost', `${host}.`].map(other => ({
      trick: 'host' as const,
      request: { ...request, host: other },
    })),
    ...paths('trailing slash', [rawPath.endsWith('/') ? rawPath.slice(0, -1) || '/' : `${rawPath}/`]),
    ...paths('case', [rawPath.toUpperCase(), rawPath.replace(/[a-z]/, letter => letter.toUpperCase())]),
    ...paths('encoding', encodings(rawPath)),
  ];
}

/** The distinct ones of these situations. */
export function distinctSituations(situations: readonly Situation[]): Situation[] {
  return [...new Map(situations.map(situation => [JSON.stringify(situation), situation])).values()];
}

/**
 * The request with its path in each of these situations, whole and in part: unchanged, other conditions, host or method, each at its own
 * and at the other listener, from its own and from the other client.
 */
export function situationVariants(request: SampleRequest, situations: readonly Situation[]): Variant[] {
  const bare = { query: '', headers: [], body: '' };
  const all = situations.flatMap(({ method, host, query, headers, body, listener, client }) => {
    const parts = [
      { ...request, query, headers, body },
      { ...request, host },
      { ...request, ...bare, host },
      { ...request, host, query, headers, body },
      { ...request, method, host, query, headers, body },
    ];
    const arrivals = [...new Set([request.listener, listener])].flatMap(one =>
      Array.from(new Set([request.client, client]), other => ({ listener: one, client: other })),
    );
    return arrivals.length === 1
      ? parts
      : arrivals.flatMap(each => [request, ...parts].map(part => ({ ...part, ...each })));
  });
  return [request, { ...request, ...bare }, ...all].map(each => ({ trick: 'situation', request: each }));
}

/** Paths that some reader may take for the same resource: with escapes, dot segments, empty segments, path parameters, encoded slashes. */
export function encodings(rawPath: string): string[] {
  const afterFirst = rawPath.indexOf('/', 1);
  const [first, rest] = afterFirst === -1 ? [rawPath, ''] : [rawPath.slice(0, afterFirst), rawPath.slice(afterFirst)];
  const letter = rawPath.search(/[A-Za-z]/);
  const escaped =
    letter === -1 ? rawPath : rawPath.slice(0, letter) + hex(rawPath[letter]!) + rawPath.slice(letter + 1);
  return [
    escaped,
    escaped.replace('%', '%25'),
    `/.${rawPath}`,
    `/${rawPath}`,
    ...(rest === '' ? [] : [`${first}/${rest}`]),
    `/audit/..${rawPath}`,
    `/audit/%2e%2e${rawPath}`,
    `/audit/..;${rawPath}`,
    `${first};audit=1${rest}`,
    `${first}%3baudit=1${rest}`,
    rest === '' ? `${first}%2f` : `${first}%2f${rest.slice(1)}`,
    rest === '' ? `${first}%5c` : `${first}%5c${rest.slice(1)}`,
    `${rawPath}%00`,
    `${rawPath}%20`,
  ];
}

function hex(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16)}`;
}
