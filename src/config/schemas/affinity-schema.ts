// `affinity` of an upstream: a client keeps the endpoint that its first request was sent to.

import { z } from 'zod';
import { durationOrZero } from '../../base/schema/duration.ts';
import { expected } from '../../base/schema/found.ts';
import type { AffinityConfig } from '../admission-config.ts';

const cookieName = expected('a cookie’s name');

export const affinitySchema = z
  .strictObject({
    cookie: z
      .string(cookieName)
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/, cookieName)
      .describe('Name of the cookie. Its value does not reveal the endpoint.'),
    ttl: durationOrZero.prefault('0s').describe('How long the browser keeps it; `0s` is until it is closed.'),
    secret: z
      .string()
      .max(1_024)
      .default('')
      .describe('Makes the cookie’s values unguessable; use the same on all gateways in front of the same upstream.'),
  })
  .transform(({ cookie, ttl, secret }): AffinityConfig => ({ cookie, ttlMs: ttl, secret }))
  .describe('Keeps a client on the endpoint that it got first, by a cookie, while that endpoint may be used.');
