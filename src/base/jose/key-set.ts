// The keys of one issuer, found by key id. Built from a JWK Set (RFC 7517 section 5); does not know where the set came from.

import { jwsAlgorithms } from './jws-algorithm.ts';
import {
  type AssumedAlgorithms,
  type Jwk,
  UnusableKey,
  type VerificationKey,
  verificationKey,
} from './verification-key.ts';

/** Keys of a set beyond this number are ignored, since callers can cause a search through all of them. */
const KEYS_MAX = 200;
/** How many keys are tried for a token without a key id. */
const TRIES_MAX = 4;

const none: readonly VerificationKey[] = [];

/** An immutable set of verification keys. */
export class KeySet {
  readonly keys: readonly VerificationKey[];
  /** Why keys of the set cannot be used, for the operator. Contains no key. */
  readonly problems: readonly string[];
  private readonly byKid = new Map<string, VerificationKey[]>();
  /** At most TRIES_MAX keys per algorithm. */
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
   * Builds a set from JWKs. Unchanged keys are taken over from `before`, so that what they verified stays verified. Two different keys with
   * the same key id are both dropped. A set that mixes secrets with public keys is refused whole, since probably somebody published a
   * secret.
   */
  static of(jwks: readonly Jwk[], assumed: AssumedAlgorithms, before: KeySet | null = null): KeySet {
    const problems: string[] = [];
    const kinds = new Set(jwks.map(({ kty }) => (kty === 'oct' ? 'oct' : 'public')));
    if (kinds.size > 1) return new KeySet([], ['the set mixes secrets with public keys']);
    const keys: VerificationKey[] = [];
    const listed = jwks.slice(0, KEYS_MAX);
    for (const jwk of listed) {
      // An encryption key beside the signature keys is normal and not reported.
      if (!isForSignatures(jwk)) continue;
      const key = listed.some(other => other !== jwk && canMeet(jwk, other))
        ? new UnusableKey('its id is in the set twice')
        : verificationKey(jwk, assumed);
      if (key instanceof UnusableKey) problems.push(`key ${nameOf(jwk)}: ${key.reason}`);
      else keys.push(before?.keys.find(known => isSame(known, key)) ?? key);
    }
    return new KeySet(keys, problems);
  }

  /** The keys that may have signed a token with this header; empty when there are none. `kid` is null when the token names no key. */
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

/** The JWK members that hold the key itself, for all key types. */
const material = ['n', 'e', 'crv', 'x', 'y', 'k'];

/**
 * Whether a token could refer to either of two different keys. Two keys with the same id and different algorithms are told apart by the
 * token's algorithm; the same key listed twice is not ambiguous.
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
