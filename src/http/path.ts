// Normalises a request's path to the one form that routing, filters and the upstream all use; refuses paths that the policy forbids.

import { hexValue } from './byte-classes.ts';

/** What to do with paths that two servers could read differently. */
export interface PathPolicy {
  readonly encodedSlash: 'reject' | 'keep';
  readonly emptySegments: 'reject' | 'merge' | 'keep';
}

/** Why a path was refused: broken percent-encoding, or a path with two meanings. */
export type PathRefusal = 'malformed_target' | 'ambiguous_path';

export type NormalizedPath =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly code: PathRefusal; readonly detail: string };

/**
 * Normalises a path as received (RFC 3986 sections 6.2.2 and 5.2.4): encoded letters, digits, `-`, `.`, `_` and `~` are
 * decoded, other escapes are written in upper case, dot segments are resolved. A path that climbs above the root is refused
 * rather than cut. So are `.;` and `..;` (servlet containers drop the `;…` and then climb), backslashes and control bytes.
 */
export function normalizePath(raw: string, policy: PathPolicy): NormalizedPath {
  const decoded = decodeUnreserved(raw, policy);
  if (typeof decoded !== 'string') return decoded;
  const segments = decoded.split('/');
  const kept: string[] = [];
  // segments[0] is the empty text before the first slash.
  const last = segments.length - 1;
  for (let i = 1; i <= last; i++) {
    const segment = segments[i]!;
    if (segment === '' && i < last) {
      if (policy.emptySegments === 'reject') return ambiguous('an empty segment (`//`)');
      if (policy.emptySegments === 'merge') continue;
    }
    if (segment === '.' || segment === '..') {
      if (segment === '..' && kept.pop() === undefined) return ambiguous('more `..` than segments');
      if (i === last) kept.push('');
      continue;
    }
    if (dotWithParameter.test(segment)) return ambiguous('a dot segment with a parameter (`..;`)');
    kept.push(segment);
  }
  return { ok: true, path: `/${kept.join('/')}` };
}

const dotWithParameter = /^\.{1,2}(?:;|%3B)/;

function ambiguous(what: string): NormalizedPath & { ok: false } {
  return { ok: false, code: 'ambiguous_path', detail: `The path contains ${what}.` };
}

function decodeUnreserved(raw: string, policy: PathPolicy): string | (NormalizedPath & { ok: false }) {
  if (raw.includes('\\')) return ambiguous('a backslash');
  let at = raw.indexOf('%');
  if (at === -1) return raw;
  let text = '';
  let from = 0;
  for (; at !== -1; at = raw.indexOf('%', from)) {
    const high = hexValue[raw.charCodeAt(at + 1) & 255]!;
    const low = hexValue[raw.charCodeAt(at + 2) & 255]!;
    // Past the end, charCodeAt returns NaN, which the mask turns into 0: not a hexadecimal digit either.
    if (high === 255 || low === 255) {
      return {
        ok: false,
        code: 'malformed_target',
        detail: 'The path contains a `%` that is not followed by two hexadecimal digits.',
      };
    }
    const byte = high * 16 + low;
    text += raw.slice(from, at);
    if (byte < 0x20 || byte === 0x7f) return ambiguous('an encoded control byte');
    if ((byte === 0x2f || byte === 0x5c) && policy.encodedSlash === 'reject')
      return ambiguous('an encoded slash or backslash');
    text += isUnreserved(byte) ? String.fromCharCode(byte) : `%${raw.slice(at + 1, at + 3).toUpperCase()}`;
    from = at + 3;
  }
  return text + raw.slice(from);
}

/** Whether a byte stands for itself in a path: letters, digits, `-`, `.`, `_` and `~` (RFC 3986 section 2.3). */
export function isUnreserved(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x5f ||
    byte === 0x7e
  );
}
