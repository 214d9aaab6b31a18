// One element of `listeners`: an address that accepts connections.

import { z } from 'zod';
import { cidrBlock } from '../../base/schema/cidr-block.ts';
import type { ListenerConfig } from '../config.ts';
import { address } from './address.ts';
import { http2Schema } from './http2-schema.ts';
import { listenerTlsSchema } from './listener-tls-schema.ts';
import { resourceName } from './resource-name.ts';

const protocol = z.enum(['http/1.1', 'h2', 'h2c']);

const written = z.strictObject({
  name: resourceName.optional().describe('Name by which routes refer to this listener, in `match.listener`.'),
  address: address.describe(
    'IP address and port: `127.0.0.1:8080`, `[::1]:8080`; `:8080` for every address, IPv4 and IPv6. Port 0 asks the system for a free one.',
  ),
  protocols: z
    .array(protocol)
    .min(1, 'name at least one protocol, or leave `protocols` out')
    .optional()
    .describe(
      'Protocols of this address. With TLS `http/1.1` and `h2`, both by default; in plain text `http/1.1` (the default) and `h2c`, which may share a port: the first bytes distinguish them.',
    ),
  http2: http2Schema,
  proxyProtocol: z
    .boolean()
    .default(false)
    .describe(
      'Whether connections begin with a PROXY header, version 1 or 2, as load balancers send it. Believed from `trustedProxies` only.',
    ),
  trustedProxies: z
    .array(cidrBlock())
    .default([])
    .describe(
      'CIDR blocks of proxies that are believed about the client: its address by `X-Forwarded-For` or a PROXY header, its scheme by `X-Forwarded-Proto`. `Forwarded`, `X-Forwarded-Host` and other fields of proxies are only passed on.',
    ),
  clientCertificateHeaders: z
    .enum(['remove', 'keep'])
    .default('remove')
    .describe(
      'What happens to `X-Forwarded-Client-Cert`, `Client-Cert` and `Client-Cert-Chain` on arrival. `keep` passes on those of `trustedProxies`; everybody else’s are removed in either case.',
    ),
  tls: listenerTlsSchema.optional(),
});

export const listenerSchema = written
  .superRefine(({ protocols = [], tls, proxyProtocol, trustedProxies, clientCertificateHeaders }, context) => {
    for (const [index, name] of protocols.entries()) {
      const path = ['protocols', index];
      if (name === 'h2' && tls === undefined)
        context.addIssue({ code: 'custom', path, message: '`h2` needs `tls`; HTTP/2 in plain text is `h2c`' });
      if (name === 'h2c' && tls !== undefined)
        context.addIssue({ code: 'custom', path, message: '`h2c` is plain text; HTTP/2 with `tls` is `h2`' });
    }
    if (proxyProtocol && trustedProxies.length === 0) {
      const message = '`proxyProtocol` needs `trustedProxies`: without it nobody’s PROXY header would be believed';
      context.addIssue({ code: 'custom', path: ['proxyProtocol'], message });
    }
    if (clientCertificateHeaders === 'keep' && trustedProxies.length === 0) {
      const message = '`keep` needs `trustedProxies`: without it nobody’s header would be believed';
      context.addIssue({ code: 'custom', path: ['clientCertificateHeaders'], message });
    }
  })
  .transform(
    ({ address: { host, port }, protocols, clientCertificateHeaders, tls, ...rest }): ListenerConfig => ({
      host,
      port,
      protocols: protocols ?? (tls === undefined ? ['http/1.1'] : ['h2', 'http/1.1']),
      ...rest,
      keepsClientCertificateHeaders: clientCertificateHeaders === 'keep',
      tls: tls ?? null,
    }),
  )
  .describe('An address that accepts connections.');
