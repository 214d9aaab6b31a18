// The configuration of the signature filter. Knows nothing of how exchanges run.

import { z } from 'zod';
import type { CallerPart } from '../../base/schema/caller-part.ts';
import { duration } from '../../base/schema/duration.ts';
import { failedLogins } from '../../base/schema/failed-logins.ts';
import type { FilterSurroundings } from '../../base/schema/filter-surroundings.ts';
import { forwardIdentity } from '../../base/schema/forward-identity.ts';
import { missingConsumers } from '../../base/schema/listed-consumers.ts';
import { optionalLogin } from '../../base/schema/optional-login.ts';

export const name = 'signature';

/** This filter identifies the caller. */
export const identifies = true;

export const documentation =
  'Identifies the caller by a signature over the request. `scheme: aws4` is AWS Signature Version 4 in the Authorization header, or with `presigned` in the query; `scheme: rfc9421` is HTTP Message ' +
  'Signatures (`Signature-Input` and `Signature`). A key has one fixed algorithm. Signatures outside the time window, and signatures that were used before (links excepted), are refused, over all ' +
  'workers together. Where the body is signed, by `X-Amz-Content-SHA256` or `Content-Digest` (RFC 9530), it is checked while it streams: a body that does not match never ' +
  'reaches the upstream completely. Put it before filters that change the request: it verifies the request as it arrived. ' +
  'Refusals: 401 `credentials_missing` or `credentials_invalid`.';

const signatureAlgorithms = [
  'hmac-sha256',
  'ed25519',
  'ecdsa-p256-sha256',
  'ecdsa-p384-sha384',
  'rsa-pss-sha512',
  'rsa-v1_5-sha256',
] as const;

export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];

const keyBase = {
  id: z
    .string()
    .regex(/^[A-Za-z0-9_.:@-]{1,128}$/, 'expected letters, digits and _ . : @ -, at most 128 of them')
    .describe('Name of the key: the access key id, or `keyid`. Not secret.'),
  consumer: z
    .string()
    .min(1)
    .optional()
    .describe('Name of one of the `consumers`, who holds the key. Default: none, only the key’s id is known.'),
  scopes: z.array(z.string().min(1).max(128)).default([]).describe('Scopes of whoever holds it, for `acl`.'),
};

const secretText = z.string().min(16, 'a secret has at least 16 characters');

const awsKey = z.strictObject({
  ...keyBase,
  secret: secretText.describe('The secret access key. Write it as `${env:NAME}` or `${file:PATH}`.'),
});

const messageKey = z
  .strictObject({
    ...keyBase,
    algorithm: z.enum(signatureAlgorithms).describe('The only algorithm of this key.'),
    secret: secretText.optional().describe('For hmac-sha256: the secret. Write it as `${env:NAME}` or `${file:PATH}`.'),
    secretEncoding: z.enum(['text', 'base64']).default('text').describe('Encoding of the secret.'),
    publicKey: z
      .string()
      .min(1, 'expected a PEM public key')
      .optional()
      .describe('For the others: the public key in PEM, as `${file:PATH}`.'),
  })
  .refine(
    ({ algorithm, secret, publicKey }) =>
      algorithm === 'hmac-sha256'
        ? secret !== undefined && publicKey === undefined
        : publicKey !== undefined && secret === undefined,
    'hmac-sha256 takes a `secret`, every other algorithm a `publicKey`',
  );

const replayEntries = z
  .union([z.literal('off'), z.int().min(1_024).max(16_777_216)], {
    error: 'expected off, or how many signatures are remembered: from 1024 to 16777216',
  })
  .default(1_048_576)
  .describe(
    'How many signatures are remembered until they leave the window, 13 bytes of memory each; without room a request is refused with 503. A reload that changes the number forgets them. `off` allows the same signed request again.',
  );

const common = {
  window: duration.prefault('5m').describe('How far the time of a signature may be from now, in both directions.'),
  replay: replayEntries,
  failedLogins,
  forward: forwardIdentity,
  optional: optionalLogin,
};

const headerName = z.string().regex(/^[a-z0-9!#$%&'*+.^_`|~-]{1,128}$/, 'expected the name of a header in lower case');

const aws = z.strictObject({
  scheme: z.literal('aws4').describe('AWS Signature Version 4.'),
  keys: z.array(awsKey).min(1, 'name at least one key').describe('Keys that may sign.'),
  region: z.string().min(1).max(64).describe('The region that the signature must name.'),
  service: z.string().min(1).max(64).describe('The service that the signature must name.'),
  signedHeaders: z
    .array(headerName)
    .default([])
    .describe('Headers that must be signed beside `host` and `x-amz-date`.'),
  pathEncoding: z
    .enum(['double', 'single'])
    .default('double')
    .describe('`double` as for every AWS service but S3: the path is encoded once more; `single` as for S3.'),
  unsignedPayload: z
    .boolean()
    .default(false)
    .describe(
      'Whether a body may be unsigned (`X-Amz-Content-SHA256: UNSIGNED-PAYLOAD`), so that it may not be the signer’s.',
    ),
  presigned: z
    .union([z.literal('off').transform(() => 0), duration], { error: 'expected off, or how long a link may be valid' })
    .prefault('off')
    .describe(
      'Longest life of links that are signed in their query (presigned URLs): `1h`. Whoever has such a link may use it until it expires, as often as he likes: `window` and `replay` do not apply. With `off` links are not accepted.',
    ),
  ...common,
});

const component = z
  .string()
  .regex(
    /^(@method|@authority|@scheme|@target-uri|@request-target|@path|@query|[a-z0-9!#$%&'*+.^_`|~-]+)$/,
    'expected a header’s name in lower case, or @method, @authority, @scheme, @target-uri, @request-target, @path, @query',
  );

const message = z.strictObject({
  scheme: z.literal('rfc9421').describe('HTTP Message Signatures.'),
  keys: z.array(messageKey).min(1, 'name at least one key').describe('Keys that may sign.'),
  components: z
    .array(component)
    .min(1, 'a signature that covers nothing proves nothing')
    .default(['@method', '@authority', '@path', '@query'])
    .describe('What a signature must cover at least. `@target-uri` covers authority, path and query.'),
  contentDigest: z
    .enum(['required', 'optional', 'off'])
    .default('required')
    .describe(
      'Whether the signature of a request with a body must cover `content-digest`. The digest is checked where it is covered, unless `off`.',
    ),
  nonce: z.boolean().default(false).describe('Whether a signature must have a `nonce`.'),
  label: z
    .string()
    .regex(/^[a-z*][a-z0-9_.*-]{0,63}$/, 'expected a label such as sig1')
    .optional()
    .describe('Label of the signature to verify, if there are several. Default: there must be exactly one.'),
  tag: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .describe('The `tag` that a signature must have: signatures for other applications do not count.'),
  ...common,
});

export const schema = z
  .discriminatedUnion('scheme', [aws, message], { error: 'expected a `scheme`: aws4 or rfc9421' })
  .superRefine(({ keys }, context) => {
    const ids = new Set<string>();
    for (const [at, { id }] of keys.entries()) {
      if (ids.has(id))
        context.addIssue({ code: 'custom', path: ['keys', at, 'id'], message: 'this key is listed twice' });
      ids.add(id);
    }
  });

export type SignatureConfig = z.output<typeof schema>;
export type AwsSignatureConfig = z.output<typeof aws>;
export type MessageSignatureConfig = z.output<typeof message>;

/** What this filter can make known of a caller. */
export function makesKnown({ keys }: SignatureConfig): readonly CallerPart[] {
  return keys.some(({ consumer }) => consumer !== undefined) ? ['consumer', 'key'] : ['key'];
}

/** Keys of consumers that do not exist. */
export function placeProblems({ keys }: SignatureConfig, around: FilterSurroundings) {
  return missingConsumers('keys', keys, around);
}
