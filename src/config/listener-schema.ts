// One element of `listeners`: an address that accepts connections.

import { z } from 'zod';
import { cidrError } from '../base/cidr-set.ts';
import { address } from './address.ts';
import type { ListenerConfig } from './config.ts';
import { onlyNow, withLaterKeys } from './later-keys.ts';

const protocol = onlyNow(['http/1.1'], ['h2', 'h2c']);

const block = z.string().superRefine((text, context) => {
  const error = cidrError(text);
  if (error !== undefined) context.addIssue({ code: 'custom', message: error });
});

const written = withLaterKeys(
  z.strictObject({
    address: address.describe(
      'IP address and port: `0.0.0.0:8080`, `[::]:8080`. Port 0 asks the system for a free one.',
    ),
    protocols: z
      .array(protocol)
      .min(1, 'name at least one protocol, or leave `protocols` out')
      .default(['http/1.1'])
      .describe('Protocols that are spoken. This version knows `http/1.1`.'),
    proxyProtocol: z
      .boolean()
      .default(false)
      .describe(
        'Whether connections begin with a PROXY header, version 1 or 2, as load balancers send it. Believed from `trustedProxies` only.',
      ),
    trustedProxies: z
      .array(block)
      .default([])
      .describe('CIDR blocks whose `X-Forwarded-*`, `Forwarded` and PROXY headers are believed.'),
  }),
  'tls',
);

export const listenerSchema = written
  .superRefine(({ proxyProtocol, trustedProxies }, context) => {
    if (!proxyProtocol || trustedProxies.length > 0) return;
    const message = '`proxyProtocol` needs `trustedProxies`: without it nobody’s PROXY header would be believed';
    context.addIssue({ code: 'custom', path: ['proxyProtocol'], message });
  })
  .transform(
    ({ address: { host, port }, protocols, proxyProtocol, trustedProxies }): ListenerConfig => ({
      host,
      port,
      protocols,
      proxyProtocol,
      trustedProxies,
    }),
  )
  .describe('An address that accepts connections.');
