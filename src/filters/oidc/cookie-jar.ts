// The filter's own cookies: reads them, writes them as Set-Cookie, and removes them from the request. Long values are split over several
// cookies.

import type { Exchange } from '../../exchange/exchange.ts';
import { cookiePairs } from '../../http/cookies.ts';
import { HeaderId } from '../../http/header-names.ts';
import { trimOptionalWhitespace } from '../../http/optional-whitespace.ts';

/** Characters per cookie: browsers keep 4,096 bytes, name and attributes included (RFC 6265 section 6.1). */
const PIECE_CHARACTERS = 3_600;
/** With more pieces, request heads would become larger than servers accept. */
export const PIECES_MAX = 5;
/** Longer values do not fit. */
export const COOKIE_CHARACTERS_MAX = PIECES_MAX * PIECE_CHARACTERS;

/** A message for the log. */
export const TOO_LARGE = 'oidc session is too large for cookies; name a session.store';

export interface CookieSettings {
  readonly sameSite: 'lax' | 'strict' | 'none';
  readonly secure: boolean;
  readonly path: string;
}

/** The value of a cookie that may be split into `NAME`, `NAME.1`, `NAME.2`; null when it is missing or a piece occurs twice. */
export function readCookie(exchange: Exchange, name: string): string | null {
  const lines = exchange.request.headers.getAll('cookie');
  if (lines.length === 0 || !lines.some(line => line.includes(name))) return null;
  const values = new Map<string, string>();
  const pairs = cookiePairs(lines.join(';'));
  for (let i = 0; i < pairs.length; i += 2) {
    const own = pairs[i]!;
    if (own !== name && !own.startsWith(`${name}.`)) continue;
    if (values.has(own)) return null;
    values.set(own, pairs[i + 1]!);
  }
  let value = values.get(name);
  if (value === undefined) return null;
  for (let piece = 1; values.has(`${name}.${piece}`); piece++) value += values.get(`${name}.${piece}`);
  return value;
}

/**
 * Set-Cookie values for a cookie; null when the value is too long. `before` is the number of pieces that the browser may have: extra ones
 * are ended.
 */
export function writeCookie(
  name: string,
  value: string,
  maxAgeS: number,
  settings: CookieSettings,
  before: number,
): string[] | null {
  const pieces = Math.max(1, Math.ceil(value.length / PIECE_CHARACTERS));
  if (pieces > PIECES_MAX) return null;
  const lines: string[] = [];
  for (let piece = 0; piece < Math.max(pieces, before); piece++) {
    const part = value.slice(piece * PIECE_CHARACTERS, (piece + 1) * PIECE_CHARACTERS);
    lines.push(line(piece === 0 ? name : `${name}.${piece}`, part, piece < pieces ? maxAgeS : 0, settings));
  }
  return lines;
}

/** Set-Cookie values that delete a cookie of this many pieces. */
export function endCookie(name: string, settings: CookieSettings, pieces: number): string[] {
  return Array.from({ length: Math.max(1, pieces) }, (_, piece) =>
    line(piece === 0 ? name : `${name}.${piece}`, '', 0, settings),
  );
}

/** The number of pieces in which the browser has a value. */
export function piecesOf(value: string | null): number {
  return value === null ? 0 : Math.max(1, Math.ceil(value.length / PIECE_CHARACTERS));
}

/** Removes the filter's cookies from the request: the upstream does not need them. */
export function dropCookies(exchange: Exchange, name: string): void {
  const { headers } = exchange.request;
  const lines = headers.getAll('cookie');
  if (!lines.some(each => each.includes(name))) return;
  const others = lines
    .flatMap(each => each.split(';').map(trimOptionalWhitespace))
    .filter(
      pair =>
        pair !== '' &&
        !pair.startsWith(`${name}=`) &&
        !pair.startsWith(`${name}.`) &&
        !pair.startsWith(`${name}_login_`),
    );
  headers.removeById(HeaderId.cookie);
  if (others.length > 0) headers.appendTrusted('Cookie', others.join('; '));
}

function line(name: string, value: string, maxAgeS: number, { sameSite, secure, path }: CookieSettings): string {
  const site = sameSite === 'none' ? 'None' : sameSite === 'strict' ? 'Strict' : 'Lax';
  return `${name}=${value}; Path=${path}; Max-Age=${maxAgeS}; HttpOnly; SameSite=${site}${secure ? '; Secure' : ''}`;
}
