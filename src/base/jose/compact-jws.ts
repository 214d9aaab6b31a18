// A token as JWS compact serialisation (RFC 7515 section 7.1), taken apart strictly. Verifies nothing; see verify-jws.ts.

import { isUtf8 } from 'node:buffer';
import { isBase64url } from './base64url.ts';

/** What a header may tell. Where keys are is not among it: `jku`, `jwk`, `x5u` and `x5c` are never looked at. */
export interface JwsHeader {
  readonly algorithm: string;
  /** Null when it names none. */
  readonly kid: string | null;
  /** Null when it says none. */
  readonly type: string | null;
  /** A token within a token. */
  readonly nested: boolean;
}

/** Ends of the parts of a token; see `jwsParts`. */
export interface JwsParts {
  readonly headerEnd: number;
  readonly payloadEnd: number;
}

const KID_LENGTH_MAX = 1_024;

/** Where the dots are; null when it is not three parts of base64url. An empty payload is one, an empty header or signature is not. */
export function jwsParts(token: string): JwsParts | null {
  const headerEnd = token.indexOf('.');
  const payloadEnd = token.indexOf('.', headerEnd + 1);
  if (headerEnd < 1 || payloadEnd === -1 || payloadEnd + 1 === token.length) return null;
  const whole =
    isBase64url(token, 0, headerEnd) &&
    isBase64url(token, headerEnd + 1, payloadEnd) &&
    isBase64url(token, payloadEnd + 1, token.length);
  return whole ? { headerEnd, payloadEnd } : null;
}

/** The first part. Null for what is no header, for an encrypted token, and for extensions that must be understood (`crit`) or change what is signed. */
export function jwsHeader(part: string): JwsHeader | null {
  const header = jsonObject(Buffer.from(part, 'base64url'));
  if (header === null) return null;
  const { alg, kid = null, typ = null, cty } = header;
  if (typeof alg !== 'string') return null;
  if (kid !== null && (typeof kid !== 'string' || kid.length > KID_LENGTH_MAX)) return null;
  if (typ !== null && typeof typ !== 'string') return null;
  if (cty !== undefined && typeof cty !== 'string') return null;
  if (['crit', 'b64', 'zip', 'enc'].some(name => Object.hasOwn(header, name))) return null;
  return { algorithm: alg, kid, type: typ, nested: cty !== undefined && /^(application\/)?(.*\+)?jwt$/i.test(cty) };
}

/** An object of JSON in UTF-8; null for anything else. */
export function jsonObject(bytes: Buffer): Readonly<Record<string, unknown>> | null {
  if (!isUtf8(bytes)) return null;
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    // Because: it is an object, and JSON has no other than those with texts for names.
    return value as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
}
