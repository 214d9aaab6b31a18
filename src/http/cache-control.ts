// Reads Cache-Control (RFC 9111 section 5.2) for code that stores responses. Whether a response may be stored is decided there.

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
  if (value === undefined) return undefined;
  // Because: a number too large for 31 bits counts as the largest 31-bit number (RFC 9111 section 1.2.2).
  return /^\d+$/.test(value) ? Math.min(Number(value), 0x7fffffff) : 0;
}
