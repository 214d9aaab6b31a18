// From the text of a token to a login, or to the reason why not: grammar, claims, key, signature, in this order. Caches nothing but headers.

import { type JwsHeader, type JwsParts, jsonObject, jwsHeader, jwsParts } from '../../base/jose/compact-jws.ts';
import { jwsAlgorithms } from '../../base/jose/jws-algorithm.ts';
import type { KeySet } from '../../base/jose/key-set.ts';
import { isSignedBy } from '../../base/jose/verify-jws.ts';
import { claimAt } from '../../exchange/identity-lines.ts';
import { Login } from '../../exchange/login.ts';
import type { LoginFailure } from '../../exchange/login-desk.ts';
import { ClaimRules, type Claims, scopesOf } from './claim-rules.ts';
import type { JwtConfig } from './config.ts';
import type { VerifiedToken } from './verified-token.ts';

/** `unknownKey`: the token names a key that the issuer did not have when it was asked last. */
export type Verdict = VerifiedToken | LoginFailure | 'unknownKey';

/** The headers of an issuer's tokens are all alike: those of tokens that held are kept as read. */
const HEADERS_MAX = 64;

export class TokenVerifier {
  private readonly config: JwtConfig;
  private readonly rules: ClaimRules;
  private readonly types: ReadonlySet<string>;
  private readonly headers = new Map<string, JwsHeader>();

  constructor(config: JwtConfig) {
    this.config = config;
    this.rules = new ClaimRules(config);
    this.types = new Set(config.types.map(type => shortType(type)));
  }

  /** `keys` is null while there are none. `clockMs` is the thread's clock at `nowMs` since 1970. */
  verify(token: string, keys: KeySet | null, generation: number, clockMs: number, nowMs: number): Verdict {
    const parts = jwsParts(token);
    if (parts === null) return 'malformed';
    const headerText = token.slice(0, parts.headerEnd);
    const header = this.headers.get(headerText) ?? jwsHeader(headerText);
    if (header === null || header.nested || !this.types.has(shortType(header.type ?? 'JWT'))) return 'malformed';
    const claims = jsonObject(Buffer.from(token.slice(parts.headerEnd + 1, parts.payloadEnd), 'base64url'));
    if (claims === null) return 'malformed';
    // Because: a signature costs fifty times as much to check as claims, and most tokens that do not hold have expired.
    const failure = this.rules.failure(claims, nowMs / 1_000);
    if (failure !== null) return failure;
    if (!jwsAlgorithms.has(header.algorithm)) return 'unknown';
    const candidates = keys === null ? null : keys.candidates(header.kid, header.algorithm);
    if (candidates === null) return 'unknownKey';
    if (candidates.length === 0) return 'unknown';
    const key = candidates.find(each => isSignedBy(each, token.slice(0, parts.payloadEnd), signatureOf(token, parts)));
    if (key === undefined) return 'mismatch';
    if (this.headers.size < HEADERS_MAX) this.headers.set(Buffer.from(headerText).toString('latin1'), header);
    const goodUntilMs = clockMs + this.rules.goodUntilS(claims) * 1_000 - nowMs;
    const payloadBytes = ((parts.payloadEnd - parts.headerEnd) * 3) / 4;
    return { ...this.accepted(claims), key, generation, goodUntilMs, bytes: 800 + token.length + payloadBytes * 5 };
  }

  private accepted(claims: Claims): Pick<VerifiedToken, 'login' | 'suffices' | 'jti' | 'subject' | 'issuedAtS'> {
    const { consumer } = this.config;
    const { sub, jti, iat } = claims;
    const subject = typeof sub === 'string' ? sub : '';
    const scopes = scopesOf(claims);
    const owner = consumer === undefined ? null : claimAt(claims, consumer.claim);
    return {
      login: new Login({ by: 'jwt', subject, keyId: '', scopes, claims }, typeof owner === 'string' ? owner : null),
      suffices: this.rules.suffices(scopes),
      jti: typeof jti === 'string' ? jti : '',
      subject,
      issuedAtS: typeof iat === 'number' ? iat : Number.NEGATIVE_INFINITY,
    };
  }
}

function signatureOf(token: string, { payloadEnd }: JwsParts): Buffer {
  return Buffer.from(token.slice(payloadEnd + 1), 'base64url');
}

/** `application/at+jwt` is `at+jwt` (RFC 7515 section 4.1.9), in any case. */
function shortType(type: string): string {
  return type.toLowerCase().replace(/^application\//, '');
}
