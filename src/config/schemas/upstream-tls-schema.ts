// An upstream's `tls`: which authorities the gateway trusts, and the certificate that it shows itself.
// Files are read and checked in src/net/tls; here they are only named.

import { z } from 'zod';
import type { UpstreamTlsConfig } from '../config.ts';
import { filePath } from './tls-file.ts';

const hostName = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*$/;

export const upstreamTlsSchema = z
  .strictObject({
    ca: filePath.optional().describe('PEM file: the trusted authorities. Default: those that come with Node.js.'),
    cert: filePath
      .optional()
      .describe('PEM file: the certificate that the gateway shows (mutual TLS), with its chain.'),
    key: filePath.optional().describe('PEM file: the private key of `cert`.'),
    serverName: z
      .string()
      .max(253, 'expected a host name such as users.internal')
      .regex(hostName, 'expected a host name such as users.internal')
      .optional()
      .describe('The name to ask for (SNI), which the certificate must contain. Default: the endpoint’s host.'),
    dangerouslySkipVerification: z
      .boolean()
      .default(false)
      .describe('Accepts any certificate: anyone on the way can read and change everything. For tests.'),
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
