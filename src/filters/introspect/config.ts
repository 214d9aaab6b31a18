// The configuration of the introspect filter. Knows nothing of how exchanges run, nor how the server is asked.

import { z } from 'zod';
import { partsOfToken } from '../../base/schema/caller-part.ts';
import { credentialPlaces } from '../../base/schema/credential-places.ts';
import { duration, durationOrZero } from '../../base/schema/duration.ts';
import { failedLogins } from '../../base/schema/failed-logins.ts';
import { forwardIdentity } from '../../base/schema/forward-identity.ts';
import { optionalLogin } from '../../base/schema/optional-login.ts';
import { isSafeUrl, serverUrl } from '../../base/schema/server-url.ts';

export const name = 'introspect';

/** This filter identifies the caller. */
export const identifies = true;

export const documentation =
  'Admits callers whose opaque token is active according to the authorization server (RFC 7662). Its answer is cached for a short time, so a revocation takes effect within `cacheFor`; ' +
  'requests that bring the same token at once share one call, and each worker makes at most `concurrency` calls at a time. A token that is not active gets 401 with the same text for every reason, one without the required scopes 403. ' +
  'When the server is not reachable, or its answer cannot be read, the client gets 503 `identity_unavailable`; `whenAway: stale` admits tokens that were active shortly before.';

export const schema = z
  .strictObject({
    url: serverUrl.describe('The server’s introspection endpoint.'),
    client: z
      .strictObject({
        id: z.string().min(1).describe('Client id.'),
        secret: z.string().min(1).describe('Client secret, `${env:NAME}`.'),
      })
      .describe('How the gateway identifies itself: HTTP Basic, as in RFC 6749 section 2.3.1.'),
    issuer: z.string().min(1).optional().describe('What `iss` of the answer must be, if it has one.'),
    audience: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .transform(names => (typeof names === 'string' ? [names] : names))
      .optional()
      .describe('Names of which `aud` of the answer must contain one. Default: not checked.'),
    scopes: z
      .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'not a scope'))
      .default([])
      .describe('Scopes that the token must have, all of them; otherwise 403.'),
    from: credentialPlaces(['bearer']),
    consumer: z
      .strictObject({
        claim: z
          .string()
          .min(1)
          .describe(
            'Member of the answer that holds the name of one of the `consumers`: `client_id`, `sub`, `username`.',
          ),
        required: z.boolean().default(false).describe('Refuse a caller who is no consumer with 403.'),
      })
      .optional()
      .describe('How the answer names the consumer. Default: no consumer.'),
    forward: forwardIdentity,
    failedLogins,
    optional: optionalLogin,
    cacheFor: durationOrZero
      .prefault('30s')
      .describe('How long an active token is accepted without asking again; never beyond its `exp`.'),
    refusedFor: durationOrZero
      .prefault('5s')
      .describe('How long a token that is not active is refused without asking again.'),
    cacheEntries: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(10_000)
      .describe('Tokens that are cached, per worker; as many that are not active are cached beside them.'),
    timeout: duration.prefault('2s').describe('How long the server may take to answer.'),
    concurrency: z
      .int()
      .min(1)
      .max(10_000)
      .default(100)
      .describe('Requests to the server in progress at once, per worker; beyond it the server counts as away.'),
    whenAway: z
      .enum(['refuse', 'stale'])
      .default('refuse')
      .describe('`refuse` answers 503; `stale` lets pass whose token was active within `staleFor`.'),
    staleFor: duration
      .prefault('5m')
      .describe('How old an answer may be to count while the server is away; never beyond the token’s `exp`.'),
    allowHttp: z
      .boolean()
      .default(false)
      .describe('Send tokens and the client secret to a server without TLS that is not on this machine.'),
  })
  .superRefine(({ url, allowHttp }, context) => {
    const parsed = URL.parse(url);
    if (parsed !== null && !allowHttp && !isSafeUrl(parsed))
      context.addIssue({
        code: 'custom',
        path: ['url'],
        message: 'tokens would be sent without TLS: expected https, or `allowHttp: true`',
      });
  });

export type IntrospectConfig = z.output<typeof schema>;

/** What this filter can make known of a caller. */
export const makesKnown = partsOfToken;
