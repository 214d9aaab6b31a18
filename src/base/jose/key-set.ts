// The keys of one issuer, found by key id. Made from a JWK Set (RFC 7517 section 5); does not know where that came from.

import { jwsAlgorithms } from './jws-algorithm.ts';
import {
  type AssumedAlgorithms,
  type Jwk,
  UnusableKey,
  type VerificationKey,
  verificationKey,
} from './verification-key.ts';

/** Keys of a set beyond this number are left out, since callers can cause a search through all of them. */
const KEYS_MAX = 200;
/** Keys that are tried for a token without a key id. */
const TRIES_MAX = 4;

const none: readonly VerificationKey[] = [];

export class KeySet {
  readonly keys: readonly VerificationKey[];
  /** What became of keys that cannot be used, for the operator. Holds no key. */
  readonly problems: readonly string[];
  private readonly byKid = new Map<string, VerificationKey[]>();
  private readonly byAlgorithm = new Map<string, VerificationKey[]>();
  private readonly named: boolean;

  constructor(keys: readonly VerificationKey[], problems: readonly string[] = []) {
    this.keys = keys;
    this.problems = problems;
    for (const key of keys) {
      this.byKid.set(key.kid, [...(this.byKid.get(key.kid) ?? []), key]);
      const same = this.byAlgorithm.get(key.algorithm.name) ?? [];
      if (same.length < TRIES_MAX) this.byAlgorithm.set(key.algorithm.name, [...same, key]);
    }
    this.named = keys.some(({ kid }) => kid !== '');
  }

  /**
   * Keys are those of `before` where nothing changed, so that what they verified stays verified. A set in which a key id stands
   * twice, for two keys, loses those; one that mixes secrets with public keys is refused whole, since it is likely that somebody publishes secrets.
   */
  static of(jwks: readonly Jwk[], assumed: AssumedAlgorithms, before: KeySet | null = null): KeySet {
    const problems: string[] = [];
    const kinds = new Set(jwks.map(({ kty }) => (kty === 'oct' ? 'oct' : 'public')));
    if (kinds.size > 1) return new KeySet([], ['the set mixes secrets with public keys']);
    const keys: VerificationKey[] = [];
    const listed = jwks.slice(0, KEYS_MAX);
    for (const jwk of listed) {
      // A key for encryption beside those for signatures need not be reported.
      if (!isForSignatures(jwk)) continue;
      const key = listed.some(other => other !== jwk && canMeet(jwk, other))
        ? new UnusableKey('its id is in the set twice')
        : verificationKey(jwk, assumed);
      if (key instanceof UnusableKey) problems.push(`key ${nameOf(jwk)}: ${key.reason}`);
      else keys.push(before?.keys.find(known => isSame(known, key)) ?? key);
    }
    return new KeySet(keys, problems);
  }

  /** The keys that may have signed a token with this header. */
  candidates(kid: string | null, algorithmName: string): readonly VerificationKey[] {
    const algorithm = jwsAlgorithms.get(algorithmName);
    if (algorithm === undefined) return none;
    const fitting = this.byAlgorithm.get(algorithm.name);
    if (kid === null || !this.named) return fitting ?? none;
    return this.byKid.get(kid)?.filter(key => key.algorithm === algorithm) ?? none;
  }

  has(key: VerificationKey): boolean {
    return this.keys.includes(key);
  }
}

function isForSignatures({ use }: Jwk): boolean {
  return use === undefined || use === 'sig';
}

/** What a key is made of, of whichever type. */
const material = ['n', 'e', 'crv', 'x', 'y', 'k'];

/**
 * Whether a token could mean either of two keys. Those with one id and different algorithms are told apart by the token's algorithm; one
 * that is listed twice is the same key whichever is meant.
 */
function canMeet(one: Jwk, other: Jwk): boolean {
  if (one.kid === undefined || one.kid !== other.kid || one.kty !== other.kty || !isForSignatures(other)) return false;
  if (material.every(name => one[name] === other[name])) return false;
  return one.alg === undefined || other.alg === undefined || one.alg === other.alg;
}

function isSame(one: VerificationKey, other: VerificationKey): boolean {
  return one.kid === other.kid && one.algorithm === other.algorithm && one.key.equals(other.key);
}

function nameOf({ kid }: Jwk): string {
  return typeof kid === 'string' ? JSON.stringify(kid.slice(0, 100)) : 'without an id';
}
