// What verifying a request's signature gives, whichever scheme it is of.

import type { Login } from '../../exchange/login.ts';
import type { LoginFailure } from '../../exchange/login-desk.ts';
import type { ExpectedDigest } from './content-digest.ts';

/** A signature that holds. */
export interface Verified {
  readonly login: Login;
  /** Of exactly this signed text by this key, for the replay table. */
  readonly fingerprint: Buffer;
  /** Seconds since 1970 after which the signature is outside its window. */
  readonly expiresS: number;
  /** What the body must be; null where nobody signed it. */
  readonly body: readonly ExpectedDigest[] | null;
}

/** `unsignedBody` where the signature leaves the body to anybody: told to the caller, since it says nothing of keys. */
export type Verdict = Verified | LoginFailure | 'unsignedBody';

/** What a request says of its signature, not yet believed. */
export interface Claim {
  readonly keyId: string;
  verify(nowMs: number): Verdict;
}

/** `missing` where the request is not signed at all. */
export type Claimed = Claim | 'malformed' | 'missing';
