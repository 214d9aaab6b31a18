// An upstream's `tls`: whom the gateway trusts there, and the certificate that it shows itself.
// Files are read and checked in src/net/tls; here they are only named.

import { z } from 'zod';
import type { UpstreamTlsConfig } from './config.ts';
import { filePath } from './tls-file.ts';

const hostName =
  /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/;

export const upstreamTlsSchema = z
  .strictObject({
    ca: filePath
      .optional()
      .describe('PEM file: the authorities that are trusted; those that come with Node.js when it is left out.'),
    cert: filePath
      .optional()
      .describe('PEM file: the certificate that the gateway shows (mutual TLS), with its chain.'),
    key: filePath.optional().describe('PEM file: the private key of `cert`.'),
    serverName: z
      .string()
      .regex(hostName, 'expected a host name such as users.internal')
      .optional()
      .describe(
        'The name that is asked for (SNI) and must stand in the certificate; the endpoint’s host when left out.',
      ),
    dangerouslySkipVerification: z
      .boolean()
      .default(false)
      .describe('Takes any certificate: whoever stands in between can read and change everything. For tests.'),
  })
  .superRefine(({ ca, cert, key, dangerouslySkipVerification }, context) => {
    if ((cert === undefined) !== (key === undefined)) {
      const [is, isnt] = cert === undefined ? ['key', 'cert'] : ['cert', 'key'];
      context.addIssue({ code: 'custom', path: [is], message: `\`${is}\` needs \`${isnt}\`` });
    }
    if (dangerouslySkipVerification && ca !== undefined) {
      const message = '`ca` has no meaning with `dangerouslySkipVerification: true`';
      context.addIssue({ code: 'custom', path: ['ca'], message });
    }
  })
  .transform(
    ({ ca, cert, key, serverName, dangerouslySkipVerification }): UpstreamTlsConfig => ({
      ca: ca ?? null,
      cert: cert ?? null,
      key: key ?? null,
      serverName: serverName?.toLowerCase() ?? null,
      verify: !dangerouslySkipVerification,
    }),
  )
  .describe('TLS towards `https://` endpoints.');
