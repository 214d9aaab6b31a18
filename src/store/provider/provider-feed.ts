// The feed of whether a login provider can be reached, for the operator. Workers read nothing of it: they ask the provider themselves.

import type { FeedNeed } from '../feed.ts';

/** A type, so that it can be the spec of a feed. */
export type ProviderSpec = {
  /** Of its discovery document (OpenID Connect Discovery 1.0). */
  readonly url: string;
  readonly timeoutMs: number;
};

export function providerNeed(spec: ProviderSpec): FeedNeed {
  return { kind: 'provider', spec };
}
