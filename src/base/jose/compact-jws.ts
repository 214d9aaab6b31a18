// Parses a token in JWS compact serialisation (RFC 7515 section 7.1), strictly. Verifies nothing; see verify-jws.ts.

import { borrowBase64url, decodeBase64url, decodeBase64urlText, hasForeignLetters } from './base64url.ts';

/** The members that are used of a JWS header. Never those that say where keys are: `jku`, `jwk`, `x5u` and `x5c` are ignored. */
export interface JwsHeader {
  readonly algorithm: string;
  /** Null when the header has no `kid`. */
  readonly kid: string | null;
  /** The `typ` as `shortType` returns it; null when the header has none. */
  readonly type: string | null;
  /** Whether `cty` says that the payload is itself a token. */
  readonly nested: boolean;
}

/** A token split into its parts. The header is still encoded: see `jwsHeader`. */
export interface CompactJws {
  readonly header: string;
  /** Decoded; null when the payload is not UTF-8. */
  readonly payload: string | null;
  /** Valid until the next token is parsed: usually a shared buffer. */
  readonly signature: Buffer;
  /** Encoded header and payload with the dot between them: the text that was signed. */
  readonly signed: string;
}

const KID_LENGTH_MAX = 1_024;

/** Null when the token is not three parts of base64url. The payload may be empty, the header and the signature may not. */
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

/**
 * Decodes the first part of a token. Null when it is not a header, for an encrypted token, and for extensions that must be understood
 * (`crit`) or that change what is signed.
 */
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

/** A media type in the form in which token types are compared: lower case, `application/at+jwt` as `at+jwt` (RFC 7515 section 4.1.9). */
export function shortType(type: string): string {
  return type.toLowerCase().replace(/^application\//, '');
}

/** Parses a JSON object; null for any other text or value. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    // Because: the value is an object, and all names in a JSON object are texts.
    return value as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
}
