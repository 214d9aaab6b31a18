// The signature base of RFC 9421 section 2.5: the text that was signed, made from the components that a signature covers. Verifies nothing.

import { trimOptionalWhitespace } from '../../http/optional-whitespace.ts';
import { decodeQueryText } from '../../http/query.ts';
import type { RequestHead } from '../../http/request-head.ts';
import { type InnerList, type Item, innerListText, itemText } from './structured-dictionary.ts';

/** The data for the base: the request as it was received. */
export interface SignedMessage {
  readonly request: RequestHead;
  readonly scheme: 'http' | 'https';
}

/** The text that was signed, as latin1 text of its bytes. Null when a component is missing, is listed twice or is of an unknown kind. */
export function signatureBase(message: SignedMessage, covered: InnerList): string | null {
  const seen = new Set<string>();
  let base = '';
  for (const item of covered.items) {
    const identifier = itemText(item);
    const value = seen.has(identifier) ? null : componentValue(message, item);
    if (value === null || /[\r\n]/.test(value)) return null;
    seen.add(identifier);
    base += `${identifier}: ${value}\n`;
  }
  return `${base}"@signature-params": ${innerListText(covered)}`;
}

function componentValue({ request, scheme }: SignedMessage, { value: name, parameters }: Item): string | null {
  if (typeof name !== 'string') return null;
  if (name === '@query-param') return queryParameter(request.rawQuery, parameters.get('name'), parameters.size);
  if (parameters.size > 0) return null;
  switch (name) {
    case '@method':
      // A WebSocket over HTTP/2 begins with an extended CONNECT (RFC 8441 section 4), which the gateway turns into a GET.
      return request.version === '2' && request.upgrade !== '' ? 'CONNECT' : request.method;
    case '@authority':
      return authorityOf(request.authority, scheme);
    case '@scheme':
      return scheme;
    case '@target-uri':
      return `${scheme}://${authorityOf(request.authority, scheme)}${pathAndQuery(request)}`;
    case '@request-target':
      // Section 2.2.5: as it is in the request line.
      return request.targetForm === 'absolute'
        ? `${scheme}://${request.authority}${pathAndQuery(request)}`
        : pathAndQuery(request);
    case '@path':
      return request.rawPath;
    case '@query':
      return `?${request.rawQuery}`;
  }
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) return null;
  if (name === 'host') return request.authority;
  const values = request.headers.getAll(name);
  return values.length === 0 ? null : values.map(trimOptionalWhitespace).join(', ');
}

/** Path and query as received: a filter before this one may have removed its credential from the query. */
function pathAndQuery({ rawPath, rawQuery, hasQuery }: RequestHead): string {
  return hasQuery || rawQuery !== '' ? `${rawPath}?${rawQuery}` : rawPath;
}

/** In lower case, without the default port of the scheme (RFC 9421 section 2.2.3). */
function authorityOf(authority: string, scheme: 'http' | 'https'): string {
  const lower = authority.toLowerCase();
  const port = scheme === 'https' ? ':443' : ':80';
  return lower.endsWith(port) ? lower.slice(0, -port.length) : lower;
}

/** Section 2.2.8. Null for a parameter that occurs more than once, since it cannot be covered. */
function queryParameter(query: string, name: unknown, parameterCount: number): string | null {
  if (typeof name !== 'string' || parameterCount !== 1) return null;
  // Because: URLSearchParams drops a leading question mark, so one is added that does not belong to the text.
  const values = new URLSearchParams(`?${query}`).getAll(decodeQueryText(name));
  if (values.length !== 1) return null;
  return encodeURIComponent(values[0]!).replace(
    /[!'()~]/g,
    sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
