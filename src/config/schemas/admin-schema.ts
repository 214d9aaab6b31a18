// `admin`: where metrics, health and the running configuration are shown, or `off`.

import { z } from 'zod';
import { expected } from '../../base/schema/found.ts';
import type { AdminConfig } from '../config.ts';
import { namedAddress } from './address.ts';

const hostName = z
  .string()
  .max(253)
  .regex(
    /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/,
    'expected a host name such as cardea.monitoring.svc, without a port',
  )
  .transform(name => name.toLowerCase());

const settings = z
  .strictObject({
    address: namedAddress
      .prefault('127.0.0.1:9901')
      .describe('IP address and port. Keep it on loopback or a private network: it shows the configuration.'),
    hosts: z
      .array(hostName)
      .max(100)
      .default([])
      .describe(
        'Names under which it may be requested (`cardea.monitoring.svc`), beside IP addresses and `localhost`. Requests for other names are refused, since a web page can make its own name resolve to this address.',
      ),
  })
  .transform(({ address: { host, port }, hosts }): AdminConfig => ({ enabled: true, host, port, hosts }));

const off = z.literal('off').transform((): AdminConfig => ({ enabled: false, host: '127.0.0.1', port: 0, hosts: [] }));

export const adminSchema = z
  .union([settings, off], expected('a map such as { address: 127.0.0.1:9901 }, or off'))
  .prefault({})
  .describe(
    'The admin endpoint with `/metrics`, `/health/live`, `/health/ready`, `/config`, `/routes` and `/upstreams`; or `off`.',
  );
