// A verified token: what the next request with the same token needs. Types only.

import type { VerificationKey } from '../../base/jose/verification-key.ts';
import type { Login } from '../../exchange/identity/login.ts';
import type { Fingerprint, FingerprintKey } from '../../store/revocation/revocation-table.ts';

export interface TokenPrints {
  readonly key: FingerprintKey;
  readonly id: Fingerprint | null;
  readonly subject: Fingerprint | null;
}

export interface VerifiedToken {
  /** The whole text, in memory of its own: a slice would keep the request head in memory. */
  readonly text: string;
  readonly login: Login;
  readonly key: VerificationKey;
  /** The generation of the keys in which `key` was last found. */
  generation: number;
  /** Milliseconds since 1970, from the token's own times and the configuration's `maxAge`. */
  readonly goodUntilMs: number;
  /** Whether the token has the scopes that the configuration requires. */
  readonly suffices: boolean;
  /** For revocation. Empty when the token has no `jti`. */
  readonly jti: string;
  /** The fingerprints of `jti` and subject for revocation; null until they are first needed. */
  prints: TokenPrints | null;
  /** For revocation, in seconds since 1970; -Infinity when the token has no `iat`. */
  readonly issuedAtS: number;
  /** Approximate size in memory. */
  readonly bytes: number;
}
