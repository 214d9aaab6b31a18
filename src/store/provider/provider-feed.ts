// The feed of whether a server that logins rest on can be reached, for the operator. Workers read nothing of it: they ask it themselves.

import type { FeedNeed } from '../feed.ts';

/** A type, so that it can be the spec of a feed. */
export type ProviderSpec = {
  /** Of a JSON document: of an OpenID provider its metadata (OpenID Connect Discovery 1.0). */
  readonly url: string;
  readonly timeoutMs: number;
  /** Said first when it is away: `nobody can log in`. */
  readonly consequence: string;
  /** What it is asked by POST, by a form; null for a GET. */
  readonly question: { readonly authorization: string; readonly form: string } | null;
};

export function providerNeed(spec: ProviderSpec): FeedNeed {
  return { kind: 'provider', spec };
}
