// The configuration of the mtls filter. Knows nothing of how exchanges run.

import { z } from 'zod';
import type { CallerPart } from '../../base/schema/caller-part.ts';
import { failedLogins } from '../../base/schema/failed-logins.ts';
import type { FilterSurroundings } from '../../base/schema/filter-surroundings.ts';
import { forwardIdentity } from '../../base/schema/forward-identity.ts';
import { missingConsumers } from '../../base/schema/listed-consumers.ts';
import { optionalLogin } from '../../base/schema/optional-login.ts';

export const name = 'mtls';

/** This filter identifies the caller. */
export const identifies = true;

export const documentation =
  'Identifies the caller by the certificate that the client showed in the TLS handshake. The listener verifies it (`tls.clientAuth`, where `crl` refuses revoked ones); this filter decides to whom it belongs: by ' +
  'SPIFFE id, DNS name, URI or e-mail address of the subject alternative name, by the whole subject, or by fingerprint. The first rule that matches counts. With `fromProxy` the certificate is the one that a trusted proxy forwards in ' +
  '`X-Forwarded-Client-Cert`. Refusals: 401 `credentials_missing` without a certificate, 401 `credentials_invalid` for one that has expired meanwhile, and 403 `access_denied` for one that no rule matches.';

const consumer = {
  consumer: z
    .string()
    .min(1)
    .optional()
    .describe('Name of one of the `consumers`. Default: none, only the certificate’s subject is known.'),
  scopes: z.array(z.string().min(1).max(128)).default([]).describe('Scopes of whoever holds it, for `acl`.'),
};

const text = z.string().min(1).max(1_024);

const fingerprint = z
  .string()
  .transform(written => written.replaceAll(':', '').toLowerCase())
  .refine(
    hex => /^[0-9a-f]{64}$/.test(hex),
    'expected the SHA-256 of a certificate: 64 hexadecimal digits, with or without colons',
  );

const spiffe = z
  .string()
  .regex(
    /^spiffe:\/\/[a-z0-9._-]{1,255}(\/[A-Za-z0-9._-]+)*(\/\*)?$/,
    'expected a SPIFFE id such as spiffe://example.org/ns/shop, or one that ends with /* for all below',
  );

const dnsName = z
  .string()
  .regex(
    /^(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/,
    'expected a DNS name such as api.acme.example, or *.acme.example',
  )
  .transform(written => written.toLowerCase());

const rule = z
  .strictObject({
    spiffe: spiffe.optional().describe('SPIFFE id; `/*` at the end matches every id below it.'),
    dns: dnsName
      .optional()
      .describe('DNS name of the subject alternative name; `*.` in front matches every name below it.'),
    uri: text.optional().describe('URI of the subject alternative name.'),
    email: text.optional().describe('E-mail address of the subject alternative name.'),
    subject: text.optional().describe('The whole subject in RFC 2253 order: `CN=acme,O=Acme Ltd,C=DE`.'),
    fingerprint: fingerprint
      .optional()
      .describe('SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` prints it.'),
    ...consumer,
  })
  .refine(
    ({ spiffe: a, dns, uri, email, subject, fingerprint: b }) =>
      [a, dns, uri, email, subject, b].filter(value => value !== undefined).length === 1,
    'expected one of spiffe, dns, uri, email, subject, fingerprint',
  );

const crl = z
  .strictObject({
    lists: z
      .array(z.string().min(1))
      .min(1, 'name at least one list')
      .describe(
        'Revocation lists in PEM, as `${file:PATH}`: one of every authority that signs clients, and of authorities above it if they are to be checked.',
      ),
    authorities: z
      .string()
      .min(1)
      .describe(
        'Certificates of the authorities that sign the lists, and of all others between clients and the root, in PEM, as `${file:PATH}`.',
      ),
    expired: z
      .enum(['refuse', 'accept'])
      .default('refuse')
      .describe(
        'What happens when a list has expired: `refuse` answers 503 `identity_unavailable`, `accept` still uses it.',
      ),
  })
  .describe(
    'Refuses certificates that are revoked, or signed by a revoked authority, at each request: also on connections and in sessions from before a change of the list.',
  );

export const schema = z
  .strictObject({
    clients: z
      .array(rule)
      .min(1, 'name at least one client')
      .describe('Certificates that pass, and the consumers they belong to.'),
    fromProxy: z
      .boolean()
      .default(false)
      .describe(
        'Believe `X-Forwarded-Client-Cert` from the listener’s `trustedProxies`, and from nobody else; the listener needs `clientCertificateHeaders: keep`. The field does not name an authority: the proxy must have verified the certificate.',
      ),
    crl: crl.optional(),
    failedLogins,
    forward: forwardIdentity,
    optional: optionalLogin,
  })
  .refine(({ fromProxy, crl: lists }) => !fromProxy || lists === undefined, {
    path: ['crl'],
    message: 'a proxy’s header contains no serial number: let the proxy check revocation',
  });

export type MtlsConfig = z.output<typeof schema>;
export type ClientRule = MtlsConfig['clients'][number];

/** What this filter can make known of a caller. */
export function makesKnown({ clients }: MtlsConfig): readonly CallerPart[] {
  return clients.some(each => each.consumer !== undefined) ? ['consumer', 'key'] : ['key'];
}

/** The lists without which clients are refused, so that an operator hears of it when they expire. */
export function revocationLists({ crl: own }: MtlsConfig) {
  if (own === undefined || own.expired === 'accept') return [];
  return own.lists.map((pem, at) => ({ text: pem, path: ['crl', 'lists', at] }));
}

/** Clients of consumers that do not exist. */
export function placeProblems({ clients }: MtlsConfig, around: FilterSurroundings) {
  return missingConsumers('clients', clients, around);
}
