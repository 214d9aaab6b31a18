// The ways in which a caller may try to reach what a route serves without taking that route: the tricks of the trade, as requests.

import type { SampleRequest } from './sample-request.ts';

export type Trick = 'method' | 'host' | 'trailing slash' | 'case' | 'encoding' | 'condition';

export interface Variant {
  readonly trick: Trick;
  readonly request: SampleRequest;
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'PROPFIND'];

/** Variants of one request. Some are the same request in other words, and the gateway is to see that they are. */
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

/** What a request brings beside method, host and path. */
type Conditions = Pick<SampleRequest, 'query' | 'headers' | 'body'>;

/** What routes ask of requests beside the path, each once, and nothing of the kind. */
export function distinctConditions(samples: readonly SampleRequest[]): Conditions[] {
  const distinct = new Map<string, Conditions>();
  for (const { query, headers, body } of [{ query: '', headers: [], body: '' }, ...samples]) {
    distinct.set(JSON.stringify([query, headers, body]), { query, headers, body });
  }
  return [...distinct.values()];
}

/** The same resource under the conditions of every other route: any caller can write those. */
export function conditionVariants(request: SampleRequest, conditions: readonly Conditions[]): Variant[] {
  return conditions.map(each => ({ trick: 'condition' as const, request: { ...request, ...each } }));
}

/** The same resource to one reader or another: escapes, dot segments, empty segments, path parameters, encoded slashes. */
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
