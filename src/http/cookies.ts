// Reads the Cookie header strictly (RFC 6265 section 4.2.1): a pair that violates the grammar is ignored. Does not write cookies.

import { trimOptionalWhitespace } from './optional-whitespace.ts';

const nameGrammar = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const valueGrammar = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/** Returns name, value, name, value in the order received. A value in double quotes is returned without them. */
export function cookiePairs(header: string): string[] {
  const pairs: string[] = [];
  for (const part of header.split(';')) {
    const pair = trimOptionalWhitespace(part);
    const equals = pair.indexOf('=');
    if (equals <= 0) continue;
    let text = pair.slice(equals + 1);
    if (text.length >= 2 && text.startsWith('"') && text.endsWith('"')) text = text.slice(1, -1);
    if (nameGrammar.test(pair.slice(0, equals)) && valueGrammar.test(text)) pairs.push(pair.slice(0, equals), text);
  }
  return pairs;
}

/** Value of the first cookie with this name in a Cookie header's text; undefined when there is none. */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  if (header === undefined || !header.includes(name)) return undefined;
  const pairs = cookiePairs(header);
  for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return pairs[i + 1];
  return undefined;
}
