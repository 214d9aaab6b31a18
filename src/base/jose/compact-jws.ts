// A token as JWS compact serialisation (RFC 7515 section 7.1), parsed strictly. Verifies nothing; see verify-jws.ts.

import { borrowBase64url, decodeBase64url, decodeBase64urlText, hasForeignLetters } from './base64url.ts';

/** What is read from a header. Never where keys are: `jku`, `jwk`, `x5u` and `x5c` are ignored. */
export interface JwsHeader {
  readonly algorithm: string;
  /** Null when it names none. */
  readonly kid: string | null;
  /** As `shortType` gives it; null if there is none. */
  readonly type: string | null;
  /** A token within a token. */
  readonly nested: boolean;
}

/** A token taken apart. Its header is still encoded: see `jwsHeader`. */
export interface CompactJws {
  readonly header: string;
  /** Decoded; null when it is not UTF-8. */
  readonly payload: string | null;
  /** Good until the next token is taken apart. */
  readonly signature: Buffer;
  /** Header and payload with the dot between: what was signed. */
  readonly signed: string;
}

const KID_LENGTH_MAX = 1_024;

/** Null when it is not three parts of base64url. An empty payload is one, an empty header or signature is not. */
export function compactJws(token: string): CompactJws | null {
  const headerEnd = token.indexOf('.');
  const payloadEnd = token.indexOf('.', headerEnd + 1);
  if (headerEnd < 1 || payloadEnd === -1 || payloadEnd + 1 === token.length) return null;
  if (hasForeignLetters(token)) return null;
  const encoded = token.slice(headerEnd + 1, payloadEnd);
  const payload = decodeBase64urlText(encoded);
  if (payload === null && decodeBase64url(encoded) === null) return null;
  const signature = borrowBase64url(token.slice(payloadEnd + 1));
  if (signature === null) return null;
  return { header: token.slice(0, headerEnd), payload, signature, signed: token.slice(0, payloadEnd) };
}

/** The first part. Null for what is no header, for an encrypted token, and for extensions that must be understood (`crit`) or change what is signed. */
export function jwsHeader(part: string): JwsHeader | null {
  const text = hasForeignLetters(part) ? null : decodeBase64urlText(part);
  const header = text === null ? null : jsonObject(text);
  if (header === null) return null;
  const { alg, kid = null, typ = null, cty } = header;
  if (typeof alg !== 'string') return null;
  if (kid !== null && (typeof kid !== 'string' || kid.length > KID_LENGTH_MAX)) return null;
  if (typ !== null && typeof typ !== 'string') return null;
  if (cty !== undefined && typeof cty !== 'string') return null;
  if (['crit', 'b64', 'zip', 'enc'].some(name => Object.hasOwn(header, name))) return null;
  return {
    algorithm: alg,
    kid,
    type: typ === null ? null : shortType(typ),
    nested: cty !== undefined && /^(application\/)?(.*\+)?jwt$/i.test(cty),
  };
}

/** A media type as types of tokens are compared: `application/at+jwt` is `at+jwt` (RFC 7515 section 4.1.9), in any case. */
export function shortType(type: string): string {
  return type.toLowerCase().replace(/^application\//, '');
}

/** An object of JSON; null for anything else. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    // Because: it is an object, and JSON has no other than those with texts for names.
    return value as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
}
