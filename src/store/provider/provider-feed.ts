// The feed that tells the operator whether a server that logins depend on can be reached. Workers do not read it: they ask that server.

import type { FeedNeed } from '../feed.ts';

/** A type and not an interface, so that it can be the spec of a feed. */
export type ProviderSpec = {
  /** URL of a JSON document; for an OpenID provider, of its metadata (OpenID Connect Discovery 1.0). */
  readonly url: string;
  readonly timeoutMs: number;
  /** First words of the report when the server is away, such as `nobody can log in`. */
  readonly consequence: string;
  /** The form that is sent by POST; null for a GET. */
  readonly question: { readonly authorization: string; readonly form: string } | null;
};

export function providerNeed(spec: ProviderSpec): FeedNeed {
  return { kind: 'provider', spec };
}
