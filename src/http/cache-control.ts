// Reads Cache-Control (RFC 9111 section 5.2) for code that stores responses, and forbids others to store one. Stores nothing.

import { HeaderId } from './header-names.ts';
import type { Headers } from './headers.ts';

/** A directive: a token, optionally with `=` and a token or a quoted string. The content of a quoted string is not a directive. */
const directive = /([!#$%&'*+.^_`|~\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]+)))?/g;

/** Directives in lower case with their arguments; empty for one without an argument. Of a repeated directive the smaller number counts. */
export function cacheControl(headers: Headers): ReadonlyMap<string, string> {
  const directives = new Map<string, string>();
  if (headers.getById(HeaderId.cacheControl) === undefined) return directives;
  for (const [, name, quoted, plain] of (headers.getJoined('cache-control') ?? '').matchAll(directive)) {
    const key = name!.toLowerCase();
    const value = quoted ?? plain ?? '';
    const known = directives.get(key);
    if (known === undefined || Number(value) < Number(known)) directives.set(key, value);
  }
  return directives;
}

/** A directive's argument in seconds; undefined when the directive is missing, 0 when it is not a number: nothing is fresh then. */
export function secondsOf(directives: ReadonlyMap<string, string>, name: string): number | undefined {
  const value = directives.get(name);
  return value === undefined ? undefined : deltaSeconds(value);
}

/** Seconds as caching fields write them; 0 when the text is no number. One too large for 31 bits counts as the largest (RFC 9111 section 1.2.2). */
export function deltaSeconds(text: string): number {
  return /^\d+$/.test(text) ? Math.min(Number(text), 0x7fffffff) : 0;
}

/**
 * Keeps caches that several clients share from storing a response. One that sets a client's own cookie is to be kept from them: the field
 * alone does not keep a cache from giving it to others (RFC 9111 section 7.3).
 */
export function keepFromSharedCaches(headers: Headers): void {
  const directives = cacheControl(headers);
  // With an argument, `private` is about some of the fields.
  if (directives.has('no-store') || directives.get('private') === '') return;
  headers.removeById(HeaderId.cacheControl);
  headers.appendTrusted('Cache-Control', 'private, no-cache');
}
