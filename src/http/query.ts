// Reads parameters out of a query string (application/x-www-form-urlencoded, WHATWG URL section 5.1), and removes parameters from one.

import { decodeEscapes } from './decode-escapes.ts';

/**
 * Returns name, value, name, value in the order received, decoded. A name without `=` has an empty value. `query` is without
 * the question mark.
 */
export function queryPairs(query: string): string[] {
  const pairs: string[] = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals === -1) pairs.push(decodeQueryText(part), '');
    else pairs.push(decodeQueryText(part.slice(0, equals)), decodeQueryText(part.slice(equals + 1)));
  }
  return pairs;
}

/** Value of the first parameter with this name, decoded; undefined when there is none. */
export function queryValue(query: string, name: string): string | undefined {
  if (query === '') return undefined;
  const pairs = queryPairs(query);
  for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return pairs[i + 1];
  return undefined;
}

/** The query without every parameter whose decoded name is `name`; the other parameters stay as they were written. */
export function withoutParameter(query: string, name: string): string {
  return query
    .split('&')
    .filter(part => {
      const equals = part.indexOf('=');
      return decodeQueryText(equals === -1 ? part : part.slice(0, equals)) !== name;
    })
    .join('&');
}

/** Decodes `+` and percent-escapes. Where an escape or its UTF-8 is invalid, only `+` is decoded and all escapes stay as they are. */
export function decodeQueryText(text: string): string {
  return decodeEscapes(text.includes('+') ? text.replaceAll('+', ' ') : text);
}
