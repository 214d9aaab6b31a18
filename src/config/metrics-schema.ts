// `metrics`: how many series there may be.

import { z } from 'zod';
import type { MetricsConfig } from './config.ts';

export const metricsSchema = z
  .strictObject({
    routes: z
      .int()
      .min(0)
      .max(100_000)
      .default(1_000)
      .describe('Routes with series of their own, the first ones written; the others share `route="other"`.'),
    consumers: z
      .int()
      .min(0)
      .max(100_000)
      .default(0)
      .describe(
        'Consumers with series of their own, the first ones that call; the others share `consumer="other"`. 0, the default, counts none.',
      ),
  })
  .prefault({})
  .transform(({ routes, consumers }): MetricsConfig => ({ routesMax: routes, consumersMax: consumers }))
  .describe('How many series `/metrics` may have.');
