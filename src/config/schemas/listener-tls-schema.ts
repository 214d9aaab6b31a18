// A listener's `tls`: its certificates, what is negotiated with clients, and which clients must show a certificate of their own.
// Files are read and checked in src/net/tls; here they are only named.

import { z } from 'zod';
import { duration } from '../../base/schema/duration.ts';
import { expected } from '../../base/schema/found.ts';
import type { CertificateSource, ListenerTlsConfig } from '../config.ts';
import { filePath } from './tls-file.ts';

const pair = z.strictObject({
  cert: filePath.describe('PEM file: the certificate, followed by its chain up to a root.'),
  key: filePath.describe('PEM file: the private key of the certificate.'),
});

const folder = z.strictObject({
  folder: filePath.describe(
    'A folder with pairs of files: `<name>.pem` or `<name>.crt` with `<name>.key`; a file may also hold both. Pairs that are added later are used as well; a certificate without its key is an error, unless it is an authority’s.',
  ),
});

const certificate = z
  .union([pair, folder], expected('{ cert: api.pem, key: api.key } or { folder: certs/ }'))
  .transform((source): CertificateSource => source);

const clientAuth = z
  .strictObject({
    ca: filePath.describe('PEM file: the authorities whose certificates are accepted.'),
    crl: filePath.optional().describe('PEM file: lists of revoked certificates, of every authority in the chain.'),
    mode: z
      .enum(['required', 'optional'])
      .default('required')
      .describe(
        '`optional` also admits clients that show none. A certificate that cannot be verified is refused in either case.',
      ),
    forward: z
      .enum(['none', 'x-forwarded-client-cert', 'client-cert'])
      .default('none')
      .describe(
        'How a verified certificate is forwarded to upstreams: `x-forwarded-client-cert` as Envoy does, `client-cert` with `Client-Cert` and `Client-Cert-Chain` (RFC 9440), or not at all.',
      ),
  })
  .describe('Certificates of clients (mutual TLS).');

const sessionTickets = z
  .strictObject({
    lifetime: duration
      .prefault('2h')
      .describe('How long a session can be resumed. The gateway makes the keys itself and replaces them as often.'),
    keys: filePath
      .optional()
      .describe(
        'File with ticket keys, for several gateways that are to resume each other’s sessions: one key of 48 bytes in base64 a line. The first encrypts, all decrypt. Watched, as certificates are.',
      ),
  })
  .prefault({})
  .describe('Resumption of TLS sessions, on any worker.');

export const listenerTlsSchema = z
  .strictObject({
    certificates: z
      .array(certificate)
      .min(1, 'name at least one certificate')
      .describe(
        'Chosen by the name that the client asks for: an exact name, then a wildcard, else the first. Files are watched; a changed one serves new connections without a restart.',
      ),
    minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('The oldest version that is accepted.'),
    ciphers: z
      .array(z.string())
      .min(1, 'name at least one cipher, or leave `ciphers` out')
      .optional()
      .describe(
        'Cipher suites of TLS 1.2 by their OpenSSL names, best first. Default: ECDHE with AES-GCM or ChaCha20-Poly1305.',
      ),
    clientAuth: clientAuth.optional(),
    handshakeTimeout: duration.prefault('10s').describe('How long a handshake may take.'),
    handshakesMax: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1_000)
      .describe(
        'Handshakes in progress at once in one worker. Beyond it the oldest one is ended if it has used a tenth of its time; otherwise the new connection is closed at once.',
      ),
    sessionTickets,
  })
  .transform(
    ({ ciphers, clientAuth: auth, handshakeTimeout, sessionTickets: tickets, ...rest }): ListenerTlsConfig => ({
      ...rest,
      ciphers: ciphers ?? [],
      clientAuth: auth === undefined ? null : { ...auth, crl: auth.crl ?? null },
      handshakeTimeoutMs: handshakeTimeout,
      sessionTickets: { lifetimeMs: tickets.lifetime, keys: tickets.keys ?? null },
    }),
  )
  .describe('TLS on this address.');
