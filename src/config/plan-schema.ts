// One entry of `plans`: what a consumer may use.

import { z } from 'zod';
import type { PlanConfig } from './config.ts';
import { rate } from './rate.ts';

export const planSchema = z
  .strictObject({
    rate: rate.optional().describe('Requests in a short time: `10000/min`.'),
    quota: rate.optional().describe('Requests in a long time: `10M/month`; a month has 30 days.'),
  })
  .refine(plan => plan.rate !== undefined || plan.quota !== undefined, 'a plan needs a `rate` or a `quota`')
  .transform((plan): Omit<PlanConfig, 'name'> => ({ rate: plan.rate ?? null, quota: plan.quota ?? null }))
  .describe('What a consumer may use.');
