// Reads Cache-Control (RFC 9111 section 5.2) for those who keep responses. They decide whether one may be kept.

import { HeaderId } from './header-names.ts';
import type { Headers } from './headers.ts';

/** A token, and after `=` a token or a quoted string. The content of a quoted string is not a directive. */
const directive = /([!#$%&'*+.^_`|~\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]+)))?/g;

/** Directives in lower case with their arguments, empty where there is none. If one is given twice, the smaller number counts. */
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

/** Seconds that a directive gives; undefined where it is missing, 0 where it cannot be read: then nothing is fresh. */
export function secondsOf(directives: ReadonlyMap<string, string>, name: string): number | undefined {
  const value = directives.get(name);
  if (value === undefined) return undefined;
  // Because: a number too large for 31 bits is taken as the largest (RFC 9111 section 1.2.2).
  return /^\d+$/.test(value) ? Math.min(Number(value), 0x7fffffff) : 0;
}
