// The configuration of the oidc filter. Knows nothing of how exchanges run.

import { z } from 'zod';
import { partsOfToken } from '../../base/schema/caller-part.ts';
import { duration } from '../../base/schema/duration.ts';
import { failedLogins } from '../../base/schema/failed-logins.ts';
import { forwardIdentity } from '../../base/schema/forward-identity.ts';
import { serverUrl } from '../../base/schema/server-url.ts';

export const name = 'oidc';

/** This filter identifies the caller. */
export const identifies = true;

export const documentation =
  'Login in the browser with an OpenID Connect provider: authorization code with PKCE, `state` and `nonce`, and an encrypted session cookie. Without a session, a request for a page is redirected to the provider, and ' +
  'an API call gets 401. The route must match the `paths` as well: this filter serves them. Sessions are in the cookie itself, or in Redis when `session.store` names a store; logout by the provider’s back channel needs the store. ' +
  'Access tokens are refreshed before they expire if the provider issued a refresh token; with providers that accept each refresh token only once, keep sessions in a store when there is more than one gateway. ' +
  'Requests from other sites that could change something are refused, unless `crossSite: allow` is set.';

const anyPath = z.string().regex(/^\/[A-Za-z0-9/._~-]*$/, 'expected a path such as /oidc/callback');
const path = (standard: string) => anyPath.default(standard);

const key = z.string().min(32, 'a key has at least 32 characters');

export const schema = z
  .strictObject({
    issuer: serverUrl.describe('The provider; its metadata is found by discovery.'),
    clientId: z.string().min(1).describe('Client id of this gateway at the provider.'),
    clientSecret: z
      .string()
      .min(1)
      .optional()
      .describe('Client secret, as `${env:NAME}` or `${file:PATH}`; leave it out for a public client.'),
    scopes: z
      .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'a scope has no spaces'))
      .default(['openid'])
      .refine(scopes => scopes.includes('openid'), 'without the scope openid there is no login')
      .describe('Scopes to request.'),
    publicUrl: serverUrl
      .optional()
      .describe(
        'How browsers reach the gateway: `https://app.example.com`. Default: the request’s own scheme and host.',
      ),
    paths: z
      .strictObject({
        callback: path('/oidc/callback').describe('Where the provider sends the browser back.'),
        logout: path('/oidc/logout').describe('Ends the session here and at the provider.'),
        frontchannelLogout: path('/oidc/frontchannel-logout').describe(
          'Loaded by the provider in a frame when the user logs out elsewhere.',
        ),
        backchannelLogout: anyPath
          .optional()
          .describe(
            'Called by the provider when the user logs out elsewhere: `/oidc/backchannel-logout`. Needs `session.store`.',
          ),
      })
      .prefault({})
      .describe('Paths that this filter serves itself.'),
    afterLogout: path('/').describe('Where the browser goes after a logout.'),
    session: z
      .strictObject({
        cookie: z
          .string()
          .regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected letters, digits, _ and -')
          .default('cardea_session')
          .describe('Name of the cookie.'),
        keys: z
          .array(key)
          .min(1, 'give at least one key')
          .max(5)
          .describe(
            'Secrets, as `${env:NAME}`. The first encrypts, all decrypt: put a new one in front and take the old one out when sessions have ended.',
          ),
        sameSite: z
          .enum(['lax', 'strict', 'none'])
          .default('lax')
          .describe(
            '`SameSite` of the cookie. With `strict`, a user who follows a link from another site goes by way of the provider.',
          ),
        idle: duration.prefault('1h').describe('A session ends when it was not used for this long.'),
        life: duration.prefault('12h').describe('Every session ends after this long.'),
        store: z
          .string()
          .min(1)
          .optional()
          .describe(
            'Name of one of the `stores`, a Redis: sessions are kept there, and the cookie holds only their id.',
          ),
        cache: duration
          .prefault('1s')
          .describe(
            'With a store: how long a worker caches a session. A logout elsewhere takes effect after this time.',
          ),
      })
      .describe('The session in the browser.'),
    acr: z
      .array(z.string().min(1))
      .default([])
      .describe('Authentication levels (`acr`) of which the session must have one; other users must log in again.'),
    authorize: z
      .record(z.string().regex(/^[a-z_]+$/), z.string())
      .refine(
        parameters =>
          !Object.keys(parameters).some(each =>
            /^(client_id|redirect_uri|response_type|scope|state|nonce|code_challenge.*|acr_values|response_mode)$/.test(
              each,
            ),
          ),
        'this parameter is the filter’s own',
      )
      .default({})
      .describe('Further parameters of the login request: `prompt`, `audience`, `ui_locales`.'),
    userInfo: z.boolean().default(false).describe('Ask the provider’s UserInfo endpoint for further claims at login.'),
    upstreamToken: z
      .enum(['none', 'access', 'id'])
      .default('none')
      .describe('Token that the upstream gets as `Authorization: Bearer`.'),
    crossSite: z
      .enum(['reject', 'allow'])
      .default('reject')
      .describe('What happens to requests from other sites that could change something.'),
    consumer: z
      .strictObject({
        claim: z.string().min(1).default('sub').describe('Claim that names one of the `consumers`.'),
        required: z.boolean().default(false).describe('Refuse users who are no consumer.'),
      })
      .optional()
      .describe('How the consumer is found.'),
    timeout: duration.prefault('5s').describe('How long the provider may take for an answer.'),
    allowHttp: z
      .boolean()
      .default(false)
      .describe('Accept a provider without TLS that is not on this machine. For tests.'),
    failedLogins,
    forward: forwardIdentity,
  })
  .superRefine(({ issuer, allowHttp, paths, session }, context) => {
    const url = URL.parse(issuer);
    const local = url !== null && /^(localhost|127\.[0-9.]+|\[::1\])$/.test(url.hostname);
    if (url?.protocol === 'http:' && !local && !allowHttp) {
      context.addIssue({
        code: 'custom',
        path: ['issuer'],
        message: 'a provider without TLS could be anybody: use https',
      });
    }
    if (paths.backchannelLogout !== undefined && session.store === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['paths', 'backchannelLogout'],
        message: 'a session that is in the cookie cannot be ended from outside: name a `session.store`',
      });
    }
    const all = [paths.callback, paths.logout, paths.frontchannelLogout, paths.backchannelLogout].filter(
      each => each !== undefined,
    );
    if (new Set(all).size < all.length)
      context.addIssue({ code: 'custom', path: ['paths'], message: 'two of the paths are the same' });
  });

export type OidcConfig = z.output<typeof schema>;

/** What this filter can make known of a caller. */
export const makesKnown = partsOfToken;

/** The store that the configuration names, if any. */
export function storesOf(config: OidcConfig): { readonly name: string; readonly path: readonly string[] }[] {
  const { store } = config.session;
  return store === undefined ? [] : [{ name: store, path: ['session', 'store'] }];
}

/**
 * The paths to which the provider sends the browser, or which it calls: some route must match them. Logout by the user is optional, so its
 * paths are not listed.
 */
export function ownPaths({ paths: { callback, backchannelLogout } }: OidcConfig) {
  const own = [
    {
      path: callback,
      method: 'GET',
      place: ['paths', 'callback'],
      otherwise: 'the browser returns there, and no login would ever complete',
    },
  ];
  if (backchannelLogout === undefined) return own;
  const otherwise = 'the provider calls it, and no logout elsewhere would end a session';
  return [...own, { path: backchannelLogout, method: 'POST', place: ['paths', 'backchannelLogout'], otherwise }];
}
