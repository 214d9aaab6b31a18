// Reads a credential from a request, strictly: exactly one, in one place, of bounded size. Verifies nothing.

import type { CredentialPlace } from '../../base/schema/credential-places.ts';
import { tokenByte } from '../../http/byte-classes.ts';
import { cookiePairs } from '../../http/cookies.ts';
import { HeaderId } from '../../http/header-names.ts';
import { trimOptionalWhitespace } from '../../http/optional-whitespace.ts';
import { queryPairs, withoutParameter } from '../../http/query.ts';
import type { Exchange } from '../exchange.ts';

/** Stands for something that cannot be a credential: several fields, nothing after the scheme, more bytes than allowed. */
export const MALFORMED = Symbol('malformed credential');

/** The credential as it was written; null when none of the places has one. */
export type Taken = string | null | typeof MALFORMED;

/** Reads the places in their order; the first one that contains something counts, whatever the others contain. */
export class CredentialReader {
  private readonly places: readonly CredentialPlace[];
  private readonly bytesMax: number;

  constructor(places: readonly CredentialPlace[], bytesMax: number) {
    this.places = places;
    this.bytesMax = bytesMax;
  }

  /** The credential as latin1 text; which characters it consists of is not checked. Null when no place has one. */
  take(exchange: Exchange): Taken {
    const { places } = this;
    for (let i = 0; i < places.length; i++) {
      const taken = takeFrom(exchange, places[i]!);
      if (taken === null) continue;
      if (taken === MALFORMED || taken.length === 0 || taken.length > this.bytesMax) return MALFORMED;
      return taken;
    }
    return null;
  }

  /** Removes the content of these places from the request, so that the upstream does not get it. */
  drop(exchange: Exchange): void {
    const { places } = this;
    for (let i = 0; i < places.length; i++) dropFrom(exchange, places[i]!);
  }

  /** As `drop`, but leaves the places `others`, for which another filter is responsible. */
  dropBeside(exchange: Exchange, others: readonly CredentialPlace[]): void {
    for (const place of this.places) if (!others.some(other => isSame(place, other))) dropFrom(exchange, place);
  }
}

function takeFrom(exchange: Exchange, { kind, name }: CredentialPlace): Taken {
  const { request } = exchange;
  if (kind === 'bearer') return takeScheme(exchange, 'bearer');
  if (kind === 'cookie') return onlyCookie(request.headers.getAll('cookie'), name);
  if (kind === 'query') return request.query === '' ? null : onlyOne(queryPairs(request.query), name);
  const value = request.headers.get(name);
  if (value === undefined) return null;
  return request.headers.isRepeated(name) ? MALFORMED : value;
}

/**
 * The value of a cookie that occurs once. A form that only lenient readers take for this cookie (a space after its name, characters that no
 * value may contain) counts as an occurrence too: a backend could read that one.
 */
function onlyCookie(lines: readonly string[], name: string): Taken {
  let found: string | null = null;
  for (const line of lines) {
    if (!line.includes(name)) continue;
    for (const part of line.split(';')) {
      if (!isOf(name, part)) continue;
      if (found !== null) return MALFORMED;
      found = part;
    }
  }
  return found === null ? null : (cookiePairs(found)[1] ?? MALFORMED);
}

/** The value of a name that is given once among pairs. If it were given twice, a backend could read the other one. */
function onlyOne(pairs: readonly string[], name: string): Taken {
  let value: Taken = null;
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i] === name) value = value === null ? pairs[i + 1]! : MALFORMED;
  }
  return value;
}

/**
 * What follows a scheme (RFC 9110 section 11.4) in Authorization; null for a request without the field or with another scheme. `scheme` is
 * in lower case. Two fields are MALFORMED, since it is not defined which of them counts, and so is a scheme with anything but spaces after
 * it: a backend may take a tab for a space, and read a token there that no filter has seen.
 */
export function takeScheme(exchange: Exchange, scheme: string): Taken {
  const { headers } = exchange.request;
  const value = headers.getUnrepeatedById(HeaderId.authorization);
  if (value === undefined) return headers.getById(HeaderId.authorization) === undefined ? null : MALFORMED;
  if (!isUnder(scheme, value)) return null;
  let start = scheme.length;
  if (start < value.length && value.charCodeAt(start) !== 0x20) return MALFORMED;
  while (value.charCodeAt(start) === 0x20) start++;
  return start === value.length ? MALFORMED : value.slice(start);
}

/** Whether a value of Authorization has this scheme, with or without something after it. A scheme ends where a token does. */
function isUnder(scheme: string, value: string): boolean {
  const { length } = scheme;
  if (value.length < length) return false;
  for (let i = 0; i < length; i++) if ((value.charCodeAt(i) | 0x20) !== scheme.charCodeAt(i)) return false;
  return value.length === length || tokenByte[value.charCodeAt(length)] !== 1;
}

/** Whether text is a `token68` (RFC 9110 section 11.2): what a bearer token may be made of. */
export function isToken68(text: string): boolean {
  return /^[A-Za-z0-9._~+/-]+=*$/.test(text);
}

function dropFrom(exchange: Exchange, { kind, name }: CredentialPlace): void {
  const { request } = exchange;
  if (kind === 'bearer') {
    const { headers } = request;
    const only = headers.getUnrepeatedById(HeaderId.authorization);
    // Because: of several fields, an upstream may read any.
    const values = only === undefined ? headers.getAll('authorization') : [only];
    if (values.some(value => isUnder('bearer', value))) headers.removeById(HeaderId.authorization);
  } else if (kind === 'header') request.headers.remove(name);
  else if (kind === 'query') {
    const others = withoutParameter(request.query, name);
    // The query held nothing but the credential: its question mark goes as well.
    if (others === '' && request.query !== '') request.hasQuery = false;
    request.query = others;
  } else {
    const cookies = request.headers.getAll('cookie');
    if (cookies.length === 0) return;
    const pairs = cookies.flatMap(line => line.split(';').map(trimOptionalWhitespace));
    const others = pairs.filter(pair => pair !== '' && !isOf(name, pair));
    if (others.length === pairs.length) return;
    request.headers.removeById(HeaderId.cookie);
    if (others.length > 0) request.headers.appendTrusted('Cookie', others.join('; '));
  }
}

/** Whether two places are the same one, in which case one filter's credential there is also the other's. */
function isSame(a: CredentialPlace, b: CredentialPlace): boolean {
  return (a.kind === b.kind && a.name === b.name) || (isAuthorization(a) && isAuthorization(b));
}

function isAuthorization({ kind, name }: CredentialPlace): boolean {
  return kind === 'bearer' || (kind === 'header' && name === 'authorization');
}

function isOf(name: string, pair: string): boolean {
  const equals = pair.indexOf('=');
  return (equals === -1 ? pair : pair.slice(0, equals)).trim() === name;
}
