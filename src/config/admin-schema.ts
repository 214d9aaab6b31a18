// `admin`: where metrics, health and the running configuration are shown, or `off`.

import { z } from 'zod';
import { namedAddress } from './address.ts';
import type { AdminConfig } from './config.ts';
import { expected } from './found.ts';

const settings = z
  .strictObject({
    address: namedAddress
      .prefault('127.0.0.1:9901')
      .describe('IP address and port. Keep it on loopback or a private network: it tells what runs here.'),
  })
  .transform(({ address: { host, port } }): AdminConfig => ({ enabled: true, host, port }));

const off = z.literal('off').transform((): AdminConfig => ({ enabled: false, host: '127.0.0.1', port: 0 }));

export const adminSchema = z
  .union([settings, off], expected('a map such as { address: 127.0.0.1:9901 }, or off'))
  .prefault({})
  .describe(
    'The admin endpoint with `/metrics`, `/health/live`, `/health/ready`, `/config`, `/routes` and `/upstreams`; or `off`.',
  );
