// Turns the text of a token into a login, or the reason why not: grammar, claims, key, signature, in this order. Caches only headers.

import {
  type CompactJws,
  compactJws,
  type JwsHeader,
  jsonObject,
  jwsHeader,
  shortType,
} from '../../base/jose/compact-jws.ts';
import { jwsAlgorithms } from '../../base/jose/jws-algorithm.ts';
import type { KeySet } from '../../base/jose/key-set.ts';
import type { VerificationKey } from '../../base/jose/verification-key.ts';
import { verifyJws } from '../../base/jose/verify-jws.ts';
import { flatText } from '../../base/latin1.ts';
import { claimAt, claimText } from '../../exchange/identity/claim-at.ts';
import { Login } from '../../exchange/identity/login.ts';
import type { LoginFailure } from '../../exchange/identity/login-desk.ts';
import { scopesOf } from '../../exchange/identity/scopes-of.ts';
import { ClaimRules, type Claims } from './claim-rules.ts';
import type { JwtConfig } from './config.ts';
import type { VerifiedToken } from './verified-token.ts';

/** `unknownKey`: the key that the token names was not among the issuer's keys when they were last fetched. */
export type Verdict = VerifiedToken | LoginFailure | 'unknownKey';

/** The maximum number of cached headers. An issuer's tokens have very few different headers; those of valid tokens are kept parsed. */
const HEADERS_MAX = 64;

/** A parsed header, with the keys of one key set that may have signed a token with it. */
interface KnownHeader {
  /** The encoded header as it appears in tokens. */
  readonly text: string;
  readonly header: JwsHeader;
  readonly keys: KeySet | null;
  readonly candidates: readonly VerificationKey[];
}

/** The size of a cached token beside its text, and the ratio of claims as objects to claims as text. Estimates on the high side. */
const OWN_BYTES = 800;
const BYTES_PER_PAYLOAD_BYTE = 5;

export class TokenVerifier {
  private readonly config: JwtConfig;
  private readonly rules: ClaimRules;
  private readonly types: ReadonlySet<string>;
  private readonly headers = new Map<string, KnownHeader>();
  /** The header of the last token. Most tokens have the same one as the token before, and comparing costs less than a look-up. */
  private last: KnownHeader | undefined = undefined;

  constructor(config: JwtConfig) {
    this.config = config;
    this.rules = new ClaimRules(config);
    this.types = new Set(config.types.map(shortType));
  }

  /** Verifies a token. `keys` is null while there are none; `generation` is that of `keys`; `nowMs` is since 1970. */
  verify(token: string, keys: KeySet | null, generation: number, nowMs: number): Verdict {
    const jws = compactJws(token);
    if (jws === null || jws.payload === null) return 'malformed';
    const known = this.knownHeader(jws.header);
    const header = known?.header ?? jwsHeader(jws.header);
    if (header === null || header.nested || !this.types.has(header.type ?? 'jwt')) return 'malformed';
    const claims = jsonObject(jws.payload);
    if (claims === null) return 'malformed';
    // Because: verifying a signature costs fifty times as much as checking claims, and most invalid tokens have expired.
    const failure = this.rules.failure(claims, nowMs / 1_000);
    if (failure !== null) return failure;
    const { sub, jti, iat } = claims;
    if (this.config.revocation !== undefined && !(isRevocable(jti) && isRevocable(sub))) return 'wrongClaims';
    const candidates = known !== undefined && known.keys === keys ? known.candidates : candidatesFor(header, keys);
    if (typeof candidates === 'string') return candidates;
    const key = signer(candidates, jws);
    if (key === null) return 'mismatch';
    if (known === undefined || known.keys !== keys)
      this.learn({ text: flatText(jws.header), header, keys, candidates });
    const goodUntilMs = this.rules.goodUntilS(claims) * 1_000;
    const bytes = OWN_BYTES + token.length + jws.payload.length * BYTES_PER_PAYLOAD_BYTE;
    const scopes = scopesOf(claims);
    return {
      text: flatText(token),
      login: new Login({ by: 'jwt', subject: claimText(sub), keyId: '', scopes, claims }, this.ownerOf(claims)),
      key,
      generation,
      goodUntilMs,
      suffices: this.rules.suffices(scopes),
      jti: claimText(jti),
      prints: null,
      issuedAtS: typeof iat === 'number' ? iat : Number.NEGATIVE_INFINITY,
      bytes,
    };
  }

  private knownHeader(text: string): KnownHeader | undefined {
    if (this.last?.text === text) return this.last;
    const known = this.headers.get(text);
    if (known !== undefined) this.last = known;
    return known;
  }

  private learn(known: KnownHeader): void {
    const { text } = known;
    if (this.headers.size >= HEADERS_MAX && !this.headers.has(text)) return;
    this.headers.set(text, known);
    this.last = known;
  }

  private ownerOf(claims: Claims): string | null {
    const { consumer } = this.config;
    return consumer === undefined ? null : claimText(claimAt(claims, consumer.claim)) || null;
  }
}

/** The keys that may have signed a token with this header, or why there are none. */
function candidatesFor(
  { kid, algorithm }: JwsHeader,
  keys: KeySet | null,
): readonly VerificationKey[] | 'unknown' | 'unknownKey' {
  if (!jwsAlgorithms.has(algorithm)) return 'unknown';
  const candidates = keys?.candidates(kid, algorithm) ?? [];
  return candidates.length === 0 ? 'unknownKey' : candidates;
}

/** Whether the claim is in a form that a revocation could name, or absent. */
function isRevocable(claim: unknown): boolean {
  return claim === undefined || claim === null || claim === '' || claimText(claim) !== '';
}

function signer(candidates: readonly VerificationKey[], { signed, signature }: CompactJws): VerificationKey | null {
  for (const key of candidates) if (verifyJws(key, signed, signature)) return key;
  return null;
}
