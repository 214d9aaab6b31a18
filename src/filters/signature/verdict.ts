// The result of verifying a request's signature, for all schemes.

import type { Login } from '../../exchange/identity/login.ts';
import type { LoginFailure } from '../../exchange/identity/login-desk.ts';
import type { ExpectedDigest } from './content-digest.ts';

/** A valid signature. */
export interface Verified {
  readonly login: Login;
  /** A hash of exactly this signed text and this key, for the replay table; null for a link, which may be used again. */
  readonly fingerprint: Buffer | null;
  /** Seconds since 1970 after which the signature is outside its window. */
  readonly expiresS: number;
  /** The digests that the body must have; null when the body is not signed. */
  readonly body: readonly ExpectedDigest[] | null;
}

/** `unsignedBody` means that the signature does not cover the body. The caller is told so, since that says nothing about keys. */
export type Verdict = Verified | LoginFailure | 'unsignedBody';

/** What a request claims about its signature, not yet verified. */
export interface Claim {
  readonly keyId: string;
  verify(nowMs: number): Verdict;
}

/** `missing` when the request is not signed at all. */
export type Claimed = Claim | 'malformed' | 'missing';
