// Filters for golden documents: small schemas that show how config/ treats the schemas of filters. None of them runs.

import { z } from 'zod';
import type { FilterSchema } from '../../src/config/schemas/filter-schema.ts';

export const fakeFilters: readonly FilterSchema[] = [
  {
    name: 'rateLimit',
    documentation: 'Limits.',
    schema: z.strictObject({
      limit: z.string().describe('How much.'),
      burst: z.int().min(1).default(10),
      by: z.enum(['consumer', 'ip']).default('ip'),
    }),
  },
  {
    name: 'jwt',
    schema: z
      .strictObject({ issuer: z.string(), audience: z.union([z.string(), z.array(z.string())]).optional() })
      .refine(({ issuer }) => issuer.startsWith('https://'), {
        path: ['issuer'],
        error: 'an issuer starts with https://',
      }),
  },
  { name: 'cors', schema: z.strictObject({ origins: z.array(z.string()).min(1) }) },
];
