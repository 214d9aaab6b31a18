// One entry of `plans`: what a consumer may use.

import { z } from 'zod';
import type { PlanConfig } from './config.ts';
import { rate } from './rate.ts';

const DAY_MS = 24 * 3_600_000;

export const planSchema = z
  .strictObject({
    rate: rate.optional().describe('Requests in a short time: `10000/min`.'),
    quota: rate
      .refine(({ perMs }) => perMs >= DAY_MS, 'expected a quota of a day, a week or a month, such as 10M/month')
      .optional()
      .describe('Requests in a day, a week or a month of the calendar, for the `quota` filter: `10M/month`.'),
  })
  .refine(plan => plan.rate !== undefined || plan.quota !== undefined, 'a plan needs a `rate` or a `quota`')
  .transform((plan): Omit<PlanConfig, 'name'> => ({ rate: plan.rate ?? null, quota: plan.quota ?? null }))
  .describe('What a consumer may use.');
