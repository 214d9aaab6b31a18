// The configuration of the apiKey filter. Knows nothing of how exchanges run.

import { z } from 'zod';
import type { CallerPart } from '../../base/schema/caller-part.ts';
import { credentialPlaces } from '../../base/schema/credential-places.ts';
import { duration } from '../../base/schema/duration.ts';
import { failedLogins } from '../../base/schema/failed-logins.ts';
import { forwardIdentity } from '../../base/schema/forward-identity.ts';
import { optionalLogin } from '../../base/schema/optional-login.ts';
import { sizeBetween } from '../../base/schema/size.ts';

const CACHE_BYTES_MIN = 64 * 1_024;
const CACHE_BYTES_MAX = 1_024 ** 3;

export const name = 'apiKey';

/** This filter identifies the caller. */
export const identifies = true;

export const documentation =
  'Identifies the caller by an API key. Only SHA-256 hashes of keys are stored: in the `keys` of `consumers`, and in a `store` (SQLite, Redis or PostgreSQL), where `cardea keys` ' +
  'adds and revokes them. A key that is added, changed or revoked in a store takes effect on every worker within a second, without a reload. A key may have scopes, routes that it is for, ' +
  'its own plan and an expiry; a consumer may have several, so that keys can be rotated without a gap. ' +
  'Refusals: 401 `credentials_missing` or `credentials_invalid`, and 403 `access_denied` for a key that is not for this route.';

export const schema = z.strictObject({
  from: credentialPlaces([{ header: 'x-api-key' }], { wholeAuthorization: true }),
  store: z
    .string()
    .min(1)
    .optional()
    .describe('Name of one of the `stores` that has keys, beside those of `consumers`.'),
  scopes: z
    .array(z.string().min(1).max(128))
    .default([])
    .describe('Scopes that a key must have, all of them; otherwise 403.'),
  keepInQuery: z
    .boolean()
    .default(false)
    .describe('Whether the upstream sees a key that was in the query; it would appear in its logs.'),
  cache: sizeBetween(CACHE_BYTES_MIN, CACHE_BYTES_MAX)
    .prefault('8MiB')
    .describe(
      'Memory for cached keys, per worker: 8MiB for 8,000 to 16,000. Keys not used lately are dropped first; wrong keys are kept apart and displace none.',
    ),
  keepWhenAway: duration
    .prefault('5m')
    .describe(
      'How long cached keys are accepted while the store is away. Others, and all keys after that, get 503 `identity_unavailable`.',
    ),
  failedLogins,
  forward: forwardIdentity,
  optional: optionalLogin,
});

export type ApiKeyConfig = z.output<typeof schema>;

/** What this filter can make known of a caller. */
export function makesKnown(): readonly CallerPart[] {
  return ['consumer', 'key'];
}

export function storesOf(config: unknown): readonly { readonly name: string; readonly path: readonly string[] }[] {
  // Because: the schema above has produced it.
  const { store } = config as ApiKeyConfig;
  return store === undefined ? [] : [{ name: store, path: ['store'] }];
}
