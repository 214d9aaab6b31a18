// The configuration of the jwt filter. Knows nothing of how exchanges run, nor how tokens are verified.

import { z } from 'zod';
import { partsOfToken } from '../../base/schema/caller-part.ts';
import { credentialPlaces } from '../../base/schema/credential-places.ts';
import { duration, durationOrZero } from '../../base/schema/duration.ts';
import { failedLogins } from '../../base/schema/failed-logins.ts';
import { forwardIdentity } from '../../base/schema/forward-identity.ts';
import { optionalLogin } from '../../base/schema/optional-login.ts';
import { isSafeUrl, serverUrl } from '../../base/schema/server-url.ts';
import { size } from '../../base/schema/size.ts';
import { sizeExpected } from '../../base/size.ts';

export const name = 'jwt';

/** This filter identifies the caller. */
export const identifies = true;

export const documentation =
  'Admits callers with a valid JSON Web Token (RFC 7519), signed by a key of the issuer: RS, PS and ES 256 to 512, EdDSA, or HS with a shared secret. ' +
  'The key determines the algorithm, never the token; `none`, encrypted and nested tokens, critical headers and wrong types are refused, and so is a token without an expiry. ' +
  'With `issuer` alone, its keys are found by OpenID Connect discovery. They are fetched in the background by one thread of the process; while the issuer is not reachable nothing changes until they expire, ' +
  'and an unknown key, or a new one behind a wrong signature, is asked for once per cool-down, however many tokens need it. Without keys the gateway starts, reports it at `/health/ready` and in the log, and responds with 503 `identity_unavailable`. ' +
  'A verified token is remembered until it expires, so that it costs no cryptography again; revocation is checked every time. ' +
  'An invalid token gets 401 with the same text for every reason; `cardea_filter_events_total{filter="jwt"}` counts the reasons separately. A token without the required scopes gets 403.';

const publicAlgorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA'],
] as const;
const secretAlgorithms = ['HS256', 'HS384', 'HS512'] as const;

const jwk = z.record(z.string(), z.unknown());

/** A JWK Set, written in YAML or as JSON text such as the content of a file. */
const jwkSet = z
  .union([
    z.string().transform((text, context) => {
      try {
        const { keys } = JSON.parse(text);
        // Because: nothing is known of its elements yet.
        if (Array.isArray(keys)) return { keys: keys as unknown[] };
      } catch {
        // Reported below.
      }
      context.addIssue({ code: 'custom', message: 'expected a JWK Set: {"keys": [...]}' });
      return z.NEVER;
    }),
    z.strictObject({ keys: z.array(jwk).min(1, 'a key set holds at least one key').describe('Keys as JWK.') }),
  ])
  .transform((set, context) => {
    const keys = z.array(jwk).safeParse(set.keys);
    if (keys.success) return keys.data;
    context.addIssue({ code: 'custom', message: 'a key of the set is no JWK' });
    return z.NEVER;
  });

const keys = z
  .union(
    [
      z.strictObject({ discovery: serverUrl.describe('URL of the issuer’s discovery document.') }),
      z.strictObject({ url: serverUrl.describe('URL of a JWK Set.') }),
      z.strictObject({
        set: jwkSet.describe('A JWK Set, written here or `${file:keys.json}`; a changed file is read again.'),
      }),
      z.strictObject({
        pem: z
          .string()
          .regex(/-----BEGIN (RSA )?(PUBLIC KEY|CERTIFICATE)-----/, 'expected a public key or certificate as PEM')
          .describe('A public key or certificate as PEM, `${file:key.pem}`.'),
        algorithm: z.enum(publicAlgorithms).describe('The algorithm of the key.'),
      }),
      z.strictObject({
        secret: z.string().min(32, 'a shared secret has at least 32 bytes').describe('Shared secret, `${env:NAME}`.'),
        algorithm: z.enum(secretAlgorithms).default('HS256').describe('The algorithm of the key.'),
      }),
    ],
    {
      error:
        'expected one of { discovery: URL }, { url: URL }, { set: JWKS }, { pem: PEM, algorithm: NAME } or { secret: TEXT, algorithm: NAME }',
    },
  )
  .optional()
  .describe('Where the keys are. Default: the issuer’s discovery document.');

const scalar = z.union([z.string(), z.number(), z.boolean()]);

export const schema = z
  .strictObject({
    issuer: z.string().min(1).optional().describe('What `iss` must be, exactly. Required unless keys are given here.'),
    audience: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)], {
        error: 'expected the name of this API in the tokens’ `aud`, a list of names, or any',
      })
      .transform(names => (typeof names === 'string' ? [names] : names))
      .describe(
        'Names of which `aud` must contain one. `any` accepts tokens that were made for other services: only for issuers that set no audience.',
      ),
    keys,
    algorithms: z
      .array(z.enum([...publicAlgorithms, ...secretAlgorithms]))
      .min(1)
      .optional()
      .describe(
        'Algorithms that keys may have. Default: all. Secrets, for HS, are accepted only from the configuration, never from what an issuer publishes. The first RSA algorithm is that of RSA keys that name none (else RS256), the first HS algorithm that of secrets (else HS256).',
      ),
    from: credentialPlaces(['bearer']),
    types: z
      .array(z.string().min(1))
      .min(1)
      .default(['JWT', 'at+jwt'])
      .describe(
        'What `typ` may be. A token without one counts as `JWT`. `[at+jwt]` takes access tokens of RFC 9068 only.',
      ),
    clockSkew: durationOrZero
      .refine(ms => ms <= 300_000, 'clocks that differ by more than 5m are wrong')
      .prefault('30s')
      .describe('How far the issuer’s clock may be wrong.'),
    maxAge: duration.optional().describe('Refuse tokens whose `iat` is older than this.'),
    requireExpiry: z
      .boolean()
      .default(true)
      .describe('Refuse tokens without `exp`. Those that have one expire in any case.'),
    claims: z
      .record(z.string().min(1), z.union([scalar, z.array(scalar).min(1)]))
      .default({})
      .describe(
        'Required claims, by name or path (`realm_access.roles`): a value that the claim must be or contain, a list of which it must be or contain one, or `"*"` for any value.',
      ),
    scopes: z
      .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'not a scope'))
      .default([])
      .describe('Scopes that `scope` or `scp` must contain, all of them; otherwise 403.'),
    consumer: z
      .strictObject({
        claim: z
          .string()
          .min(1)
          .describe('Claim that holds the name of one of the `consumers`: `azp`, `client_id`, `sub`.'),
        required: z.boolean().default(false).describe('Refuse a caller who is no consumer with 403.'),
      })
      .optional()
      .describe('How a token names the consumer. Default: no consumer.'),
    revocation: z
      .strictObject({
        store: z.string().min(1).describe('Name of one of the `stores`, a Redis.'),
        sync: duration
          .prefault('30s')
          .describe('How often the whole list is read, in addition to what is published meanwhile.'),
        startWithout: z
          .enum(['refuse', 'allow'])
          .default('refuse')
          .describe(
            'What happens to tokens until the list has been read for the first time: 503, or they pass as if none were revoked.',
          ),
      })
      .optional()
      .describe(
        'Refuse tokens that are revoked by `jti`, subject or time of issue, on every request, and those whose `jti` or `sub` is neither a text nor a whole number up to 2^53. See the guide to tokens for the keys in Redis.',
      ),
    forward: forwardIdentity,
    failedLogins,
    optional: optionalLogin,
    tokenSize: size.prefault('8KiB').describe('Longest token.'),
    cache: z
      .union([z.literal('off').transform(() => 0), size], { error: `expected off, or ${sizeExpected}` })
      .prefault('16MiB')
      .describe('Memory for verified tokens, per worker. Only valid tokens are cached.'),
    refresh: duration.prefault('1h').describe('How often the issuer’s keys are fetched.'),
    keyLife: duration.prefault('24h').describe('How long keys are used while they cannot be fetched.'),
    coolDown: duration
      .prefault('30s')
      .describe('Minimum time between two fetches because of unknown keys and wrong signatures.'),
    fetchTimeout: duration.prefault('5s').describe('How long the issuer may take to answer.'),
    allowHttp: z
      .boolean()
      .default(false)
      .describe(
        'Accept keys from an issuer without TLS that is not on this machine. Anyone on the way can then make tokens.',
      ),
  })
  .superRefine((config, context) => {
    const problem = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    const { issuer, keys: source, allowHttp } = config;
    const fetched = source === undefined || 'discovery' in source || 'url' in source;
    if (fetched && issuer === undefined) problem(['issuer'], 'this is missing: expected what `iss` must be');
    if (source === undefined && issuer !== undefined && URL.parse(issuer) === null)
      problem(['keys'], 'the issuer is no URL, so its keys cannot be found by discovery: say where they are');
    const url =
      source === undefined
        ? issuer
        : 'discovery' in source
          ? source.discovery
          : 'url' in source
            ? source.url
            : undefined;
    const parsed = url === undefined ? null : URL.parse(url);
    if (parsed !== null && !allowHttp && !isSafeUrl(parsed))
      problem(
        source === undefined ? ['issuer'] : ['keys'],
        'keys from a server without TLS can be forged on the way: expected https, or `allowHttp: true`',
      );
    if (config.keyLife < config.refresh)
      problem(['keyLife'], 'keys would expire before they are fetched again: expected no less than `refresh`');
  });

export type JwtConfig = z.output<typeof schema>;

/** What this filter can make known of a caller. */
export const makesKnown = partsOfToken;

/** The store that the configuration names, if any. */
export function storesOf({
  revocation,
}: JwtConfig): readonly { readonly name: string; readonly path: readonly string[] }[] {
  return revocation === undefined ? [] : [{ name: revocation.store, path: ['revocation', 'store'] }];
}
