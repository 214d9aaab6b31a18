// `metrics`: how many series there may be.

import { z } from 'zod';
import type { MetricsConfig } from '../config.ts';

export const metricsSchema = z
  .strictObject({
    routes: z
      .int()
      .min(0)
      .max(100_000)
      .default(1_000)
      .describe('Routes with their own series, the first ones in the file; the others share `route="other"`.'),
    consumers: z
      .int()
      .min(0)
      .max(100_000)
      .default(0)
      .describe(
        'Consumers with their own series, the first ones that call; the others share `consumer="other"`. 0 counts none.',
      ),
  })
  .prefault({})
  .transform(({ routes, consumers }): MetricsConfig => ({ routesMax: routes, consumersMax: consumers }))
  .describe('How many series `/metrics` may have.');
