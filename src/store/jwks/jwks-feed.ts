// The feed of an issuer's keys: the spec that names it, and the value that workers get. jwks-source.ts fetches the keys.

import type { Jwk } from '../../base/jose/verification-key.ts';
import type { FeedNeed } from '../feed.ts';

/** A type and not an interface, so that it can be the spec of a feed. */
export type JwksSpec = {
  /** URL of the key set, or of the discovery document (OpenID Connect Discovery 1.0, RFC 8414) that names it. */
  readonly url: string;
  /** The issuer that the discovery document must state; empty when `url` is that of a key set. */
  readonly issuer: string;
  readonly refreshMs: number;
  /** How long fetched keys stay valid while they cannot be fetched again. */
  readonly lifeMs: number;
  /** Minimum time between a fetch and the next one that an unknown key causes. */
  readonly coolDownMs: number;
  readonly timeoutMs: number;
  readonly allowHttp: boolean;
};

export interface JwksValue {
  /** Another one whenever the keys have changed, and after each start of the feed. */
  readonly version: number;
  /** Public keys for signatures; empty once they have expired. */
  readonly keys: readonly Jwk[];
  /** When the issuer was last asked, successfully or not; milliseconds since 1970. */
  readonly checkedAtMs: number;
}

export function jwksNeed(spec: JwksSpec): FeedNeed {
  return { kind: 'jwks', spec };
}
