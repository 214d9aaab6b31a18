// The feed of an issuer's keys: what is asked for, and what workers get. Who fetches is jwks-source.ts.

import type { Jwk } from '../../base/jose/verification-key.ts';
import type { FeedNeed } from '../feed.ts';

/** A type, so that it can be the spec of a feed. */
export type JwksSpec = {
  /** Of the key set, or of the discovery document (OpenID Connect Discovery 1.0, RFC 8414) that names it. */
  readonly url: string;
  /** What the discovery document must say of itself; empty for a key set. */
  readonly issuer: string;
  readonly refreshMs: number;
  /** How long keys are good that could not be fetched again. */
  readonly lifeMs: number;
  /** Least time between two fetches that an unknown key asks for. */
  readonly coolDownMs: number;
  readonly timeoutMs: number;
  readonly allowHttp: boolean;
};

export interface JwksValue {
  /** Counts up when the keys change. */
  readonly version: number;
  /** Public keys for signatures; none once they have expired. */
  readonly keys: readonly Jwk[];
  /** When the issuer was last asked, well or not; milliseconds since 1970. */
  readonly checkedAtMs: number;
}

export function jwksNeed(spec: JwksSpec): FeedNeed {
  return { kind: 'jwks', spec };
}
