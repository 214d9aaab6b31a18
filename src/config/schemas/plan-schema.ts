// One entry of `plans`: what a consumer may use.

import { z } from 'zod';
import { dayMs, rateExpected } from '../../base/rate.ts';
import { expected } from '../../base/schema/found.ts';
import type { PlanConfig, RateConfig } from '../config.ts';
import { needlessQuotas, needlessRates } from './needless-budgets.ts';
import { rate } from './rate.ts';

const RATES_MAX = 6;

const quota = rate.refine(({ perMs }) => perMs >= dayMs, {
  error: 'expected a quota of a day, a week or a month, such as 10M/month',
  abort: true,
});

/** One rate, or a list of rates that all apply. */
function oneOrMore(each: typeof rate, needless: (rates: readonly RateConfig[]) => ReadonlyMap<number, string>) {
  const list = z
    .array(each)
    .min(1, 'name at least one, or leave it out')
    .max(RATES_MAX, `at most ${RATES_MAX} together`)
    .superRefine((rates, context) => {
      for (const [at, message] of needless(rates)) context.addIssue({ code: 'custom', path: [at], message });
    });
  return z.union([each.transform(one => [one]), list], expected(`${rateExpected}, or a list of them`));
}

export const planSchema = z
  .strictObject({
    rate: oneOrMore(rate, needlessRates)
      .optional()
      .describe(
        'Requests in a short time: `10000/min`; or several that must all admit: `[10/s, 1000/h]`. Replaces the `limit` of `rateLimit` with `plan: true`.',
      ),
    quota: oneOrMore(quota, needlessQuotas)
      .optional()
      .describe(
        'Requests in a day, a week or a month of the calendar: `10M/month`; or several that must all admit: `[50k/day, 1M/month]`. Replaces the `limit` of the `quota` filter.',
      ),
  })
  .refine(plan => plan.rate !== undefined || plan.quota !== undefined, 'a plan needs a `rate` or a `quota`')
  .transform((plan): Omit<PlanConfig, 'name'> => ({ rates: plan.rate ?? null, quotas: plan.quota ?? null }))
  .describe('What a consumer may use.');
