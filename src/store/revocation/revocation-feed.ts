// The feed of revocations: the spec that names it, the value that workers get, and the names of its data in Redis.

import type { FeedNeed } from '../feed.ts';
import type { StoreSpec } from '../store-spec.ts';
import type { FingerprintKey } from './revocation-table.ts';

/** A type and not an interface, so that it can be the spec of a feed. */
export type RevocationSpec = {
  readonly store: StoreSpec;
  /** How often the whole list is read, besides the messages that are published meanwhile. */
  readonly syncMs: number;
};

/** The table changes in place; a new one is published each time the list is read. */
export interface RevocationValue {
  readonly key: FingerprintKey;
  /** The memory of a RevocationTable. */
  readonly memory: SharedArrayBuffer;
}

export function revocationNeed(spec: RevocationSpec): FeedNeed {
  return { kind: 'revocation', spec };
}

/** Names in Redis, prefixed by the store's `keyPrefix`. */
export const revocationNames = {
  /** Sorted set: a token's `jti` with the time at which the token expires. */
  ids: 'revoked:jti',
  /** Sorted set: a subject with the time up to which its tokens are revoked. */
  subjects: 'revoked:sub',
  /** Text: the time up to which all tokens are revoked. */
  before: 'revoked:before',
  /** Channel: JSON such as `{"jti":"...","exp":1790000000}`, `{"sub":"...","before":1790000000}`, `{"before":1790000000}`. */
  channel: 'revocations',
} as const;
