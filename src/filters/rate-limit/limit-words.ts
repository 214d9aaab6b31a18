// Schemas of small parts in the configuration of rateLimit: names, exempt callers, sizes, times.

import { z } from 'zod';
import { cidrBlock } from '../../base/schema/cidr-block.ts';
import { duration } from '../../base/schema/duration.ts';
import { sizeBetween } from '../../base/schema/size.ts';

export const policyName = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'expected letters, digits and _ . -, at most 64');

export const exemptCallers = z
  .strictObject({
    ips: z.array(cidrBlock()).default([]).describe('Addresses or blocks that are not limited: `10.0.0.0/8`.'),
    consumers: z.array(z.string().min(1)).default([]).describe('Names of consumers that are not limited.'),
  })
  .prefault({})
  .describe('Callers who are not limited, and use up nothing.');

export const memorySize = sizeBetween(65_536, 2 ** 30);

/** How long a request may wait for Redis, in ms. */
export const answerTime = duration.refine(ms => ms >= 1 && ms <= 10_000, 'expected 1ms to 10s');
