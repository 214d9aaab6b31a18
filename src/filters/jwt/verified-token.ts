// A token that held: what the next request with it needs to know. Shape only.

import type { VerificationKey } from '../../base/jose/verification-key.ts';
import type { Login } from '../../exchange/login.ts';
import type { Fingerprint, FingerprintKey } from '../../store/revocation/revocation-table.ts';

export interface TokenPrints {
  readonly key: FingerprintKey;
  readonly id: Fingerprint | null;
  readonly subject: Fingerprint | null;
}

export interface VerifiedToken {
  /** The whole text, by itself and not as a piece of the head that it came in. */
  readonly text: string;
  readonly login: Login;
  readonly key: VerificationKey;
  /** Of the keys when `key` was last seen among them. */
  generation: number;
  /** Since 1970, as the issuer said it. */
  readonly goodUntilMs: number;
  /** Whether it holds the scopes that the configuration asks for. */
  readonly suffices: boolean;
  /** For revocation: empty and -Infinity where the token says nothing. */
  readonly jti: string;
  /** Of `jti` and the subject, once they were looked for; null where there is none. */
  prints: TokenPrints | null;
  readonly issuedAtS: number;
  /** What it takes in memory, about. */
  readonly bytes: number;
}
