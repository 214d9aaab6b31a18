// Whether a response may be kept for others with the same request, and for how long (RFC 9111 sections 3 and 4.2). Stricter than a cache has to
// be: only what is clearly public is kept.

import { cacheControl, secondsOf } from '../../http/cache-control.ts';
import { HeaderId } from '../../http/header-names.ts';
import type { Headers } from '../../http/headers.ts';

export interface Keeping {
  /** How long it is fresh, in seconds from when the upstream made it. */
  readonly freshSeconds: number;
  /** How old it already is. */
  readonly ageSeconds: number;
  /** How old it may become. */
  readonly oldestSeconds: number;
}

/** Complete responses without conditions; 206 is a part, and others are valid only for the moment. */
const statuses = new Set([200, 203, 204]);

/** Null when it may not be kept. `keepSeconds` is the longest that the route wants. */
export function mayBeKept(status: number, headers: Headers, keepSeconds: number, nowMs: number): Keeping | null {
  if (!statuses.has(status) || headers.getById(HeaderId.setCookie) !== undefined) return null;
  const control = cacheControl(headers);
  if (control.has('no-store') || control.has('private') || control.has('no-cache')) return null;
  const ageSeconds = numberOf(headers.get('age'));
  const freshSeconds = freshFor(headers, control, nowMs);
  const oldestSeconds = Math.min(ageSeconds + keepSeconds, oldestOf(control, freshSeconds));
  return ageSeconds < oldestSeconds ? { freshSeconds, ageSeconds, oldestSeconds } : null;
}

/** How old it may become by its own word: RFC 9111 section 4.2.4, and `stale-if-error` of RFC 5861 section 4. */
function oldestOf(control: ReadonlyMap<string, string>, freshSeconds: number): number {
  if (control.has('must-revalidate') || control.has('proxy-revalidate')) return freshSeconds;
  const staleSeconds = secondsOf(control, 'stale-if-error');
  if (staleSeconds !== undefined) return freshSeconds + staleSeconds;
  return control.has('s-maxage') ? freshSeconds : Infinity;
}

function freshFor(headers: Headers, control: ReadonlyMap<string, string>, nowMs: number): number {
  const told = secondsOf(control, 's-maxage') ?? secondsOf(control, 'max-age');
  if (told !== undefined) return told;
  const expires = headers.get('expires');
  if (expires === undefined) return 0;
  const date = Date.parse(headers.getById(HeaderId.date) ?? '');
  const until = Date.parse(expires);
  // A date that cannot be read is past (RFC 9111 section 5.3).
  if (Number.isNaN(until)) return 0;
  return Math.max(0, Math.floor((until - (Number.isNaN(date) ? nowMs : date)) / 1_000));
}

function numberOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : 0;
}
