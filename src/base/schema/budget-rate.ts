// The `limit` and `cost` settings of filters that count: a rate that can be counted, and how much of it one request uses.

import { z } from 'zod';
import { isZeroRate, parseRate, type Rate, rateExpected, rateHint } from '../rate.ts';
import { expected } from './found.ts';
import { httpName } from './http-name.ts';

/** The same values as in src/store/limiter; a test compares them. */
export const countMax = 100_000_000;
export const perSecondMax = 1_000_000;
export interface CostConfig {
  /** Units that every request costs. */
  readonly each: number;
  /** Units by route name, in place of `each`. */
  readonly routes: Readonly<Record<string, number>>;
  /** The response header that says how many units the request cost; null when there is none. */
  readonly responseHeader: string | null;
}

/** A rate above zero that is slow enough to be counted in 32 bits. */
export const budgetRate = z.string(expected(rateExpected)).transform((text, context): Rate => {
  const parsed = parseRate(text);
  const told = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  if (isZeroRate(text))
    return told('a limit of zero would refuse every request; leave the route out, or deny it with ipAccess');
  if (parsed === null) return told(`expected ${rateExpected}, found ${JSON.stringify(text)}${rateHint(text)}`);
  if (parsed.count > countMax) return told(`expected at most 100M in a window, found ${text}`);
  if (parsed.count / (parsed.perMs / 1_000) > perSecondMax) return told(`expected at most 1M/s, found ${text}`);
  return parsed;
});

const budgetUnits = z.int('expected a whole number of units').min(1, 'a request costs at least 1').max(countMax);

export const budgetCost = z
  .union([
    budgetUnits,
    z.strictObject({
      each: budgetUnits.default(1).describe('Units of every request.'),
      routes: z
        .record(z.string(), budgetUnits)
        .optional()
        .describe('Units by route name, in place of `each`: for the global chain.'),
      responseHeader: httpName('header')
        .optional()
        .describe(
          'Header of the upstream’s response with the units that the request cost: what exceeds the units taken before is charged afterwards, and owed if it does not fit.',
        ),
    }),
  ])
  .transform(
    (written): CostConfig =>
      typeof written === 'number'
        ? { each: written, routes: {}, responseHeader: null }
        : {
            each: written.each,
            routes: written.routes ?? {},
            responseHeader: written.responseHeader?.toLowerCase() ?? null,
          },
  )
  .describe('Units that a request costs: a number, or a map.');
