// Whether a response may be kept for others with the same request, and for how long (RFC 9111 sections 3 and 4.2). Stricter than a cache
// has to be: only responses that are clearly public are kept.

import { cacheControl, deltaSeconds, secondsOf } from '../../http/cache-control.ts';
import { HeaderId } from '../../http/header-names.ts';
import type { Headers } from '../../http/headers.ts';

export interface Keeping {
  /** How long it is fresh, in seconds from when the upstream made it. */
  readonly freshSeconds: number;
  /** Its age in seconds when it was received. */
  readonly ageSeconds: number;
  /** The age in seconds up to which it may be given. */
  readonly oldestSeconds: number;
}

/** Complete responses without conditions; 206 is partial, and other statuses are valid only for the moment. */
const statuses = new Set([200, 203, 204]);

/** Null when the response may not be kept. `keepSeconds`: the route's longest time; `nowMs` (since 1970): used if Date is missing. */
export function mayBeKept(status: number, headers: Headers, keepSeconds: number, nowMs: number): Keeping | null {
  if (!statuses.has(status) || headers.getById(HeaderId.setCookie) !== undefined) return null;
  const control = cacheControl(headers);
  if (control.has('no-store') || control.has('private') || control.has('no-cache')) return null;
  const ageSeconds = deltaSeconds(headers.get('age') ?? '');
  const freshSeconds = freshFor(headers, control, nowMs);
  const oldestSeconds = Math.min(ageSeconds + keepSeconds, oldestOf(control, freshSeconds));
  return ageSeconds < oldestSeconds ? { freshSeconds, ageSeconds, oldestSeconds } : null;
}

/** The age up to which the response itself allows its use: RFC 9111 section 4.2.4, and `stale-if-error` of RFC 5861 section 4. */
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
  // A date that cannot be read counts as past (RFC 9111 section 5.3).
  if (Number.isNaN(until)) return 0;
  return Math.max(0, Math.floor((until - (Number.isNaN(date) ? nowMs : date)) / 1_000));
}
