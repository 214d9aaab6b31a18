// The configuration of the quota filter. Knows nothing of how exchanges run, nor where usage is counted.

import { z } from 'zod';
import { isZeroRate, parseRate } from '../../base/rate.ts';
import type { FilterSurroundings } from '../../base/schema/filter-surroundings.ts';
import type { PlaceProblem } from '../../base/schema/place-problem.ts';
import { planCostProblems } from '../../base/schema/plan-cost.ts';
import { isTimeZone } from '../../base/schema/time-zone.ts';
import { unknownPartProblem } from '../../base/schema/unknown-part.ts';
import { dayOf, unitOf } from './calendar-unit.ts';

export const name = 'quota';

export const documentation =
  'Limits what callers may use in a calendar period: so many units a day, week or month in a time zone, or in a billing month that starts on the consumer’s own day. ' +
  'Usage is kept in Redis (for all gateways) or in a SQLite file (for this machine) and survives restarts. Beyond the quota: 429 `quota_exceeded` with `Retry-After`. ' +
  'When a caller reaches one of the `soft` shares, it is logged once per caller and period, and responses carry `Quota-Warning`. Workers report usage to the store a few times a second, and more often near the limit, so with several of them a few requests more may pass; a request waits for the store only if it is the caller’s first, or if at most 16 more like it fit.';

export interface QuotaLimit {
  readonly count: number;
  readonly unit: 'day' | 'week' | 'month';
}

const limitText = 'expected a quota such as 50k/day, 1M/week or 10M/month';
const limit = z.string(limitText).transform((text, context): QuotaLimit => {
  const rate = parseRate(text);
  const unit = rate === null ? undefined : unitOf(rate.perMs);
  if (rate !== null && unit !== undefined) return { count: rate.count, unit };
  const message = isZeroRate(text)
    ? 'a quota of zero would refuse every request'
    : rate === null
      ? `${limitText}, found ${JSON.stringify(text)}`
      : `${limitText}, found ${JSON.stringify(text)}: for shorter times there is rateLimit`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const timeZone = z.string().refine(isTimeZone, 'expected the name of a time zone such as UTC or Europe/Berlin');

const day = z.int().min(1, 'expected a day from 1 to 31').max(31, 'expected a day from 1 to 31');
const share = z
  .string('expected a share such as 80%')
  .regex(/^([1-9][0-9]?|100)%$/, 'expected a share from 1% to 100%')
  .transform(text => Number.parseInt(text, 10) / 100);

export const schema = z
  .strictObject({
    limit: limit.describe(
      'Units in a period of the calendar: `50k/day`, `1M/week` (from Monday), `10M/month`. The `quota` of the consumer’s plan replaces it.',
    ),
    store: z
      .string('expected the name of one of the `stores`')
      .min(1, 'expected the name of one of the `stores`')
      .describe('Name of one of the `stores`: a Redis, for all gateways that use it, or SQLite, for this machine.'),
    by: z
      .enum(['consumer', 'tenant', 'key', 'ip', 'global'])
      .default('consumer')
      .describe('Whose quota it is. A request without that counts for its address (IPv6: its /64).'),
    name: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'expected letters, digits and _ . -, at most 64')
      .default('quota')
      .describe('Name in `RateLimit`. Filters with the same name, store and `by` count together, on all routes.'),
    plan: z.boolean().default(true).describe('Whether the `quota` of the consumer’s plan replaces `limit`.'),
    timeZone: timeZone.default('UTC').describe('Where days begin: `Europe/Berlin`.'),
    startDay: z
      .union([day, z.strictObject({ tag: z.string().min(1).max(64).describe('Tag of the consumer with the day.') })])
      .default(1)
      .describe(
        'First day of a billing month: a number, or `{ tag: NAME }` of the consumer’s `tags`. A month without that day starts on its last.',
      ),
    cost: z.int().min(1, 'a request costs at least 1').max(1_000_000).default(1).describe('Units of a request.'),
    soft: z
      .array(share)
      .max(8)
      .prefault(['80%', '100%'])
      .describe('Shares of the limit at which it is logged and responses carry `Quota-Warning`.'),
    enforce: z
      .boolean()
      .default(true)
      .describe('Whether requests beyond the limit are refused, or only counted and logged.'),
    metering: z
      .boolean()
      .default(false)
      .describe('Whether each use is logged as an event, summed up per caller over a quarter of a second.'),
    headers: z
      .boolean()
      .default(true)
      .describe('Whether answers carry `RateLimit` and `RateLimit-Policy` for the quota.'),
    onStoreFailure: z
      .enum(['open', 'closed'])
      .default('open')
      .describe(
        'For callers without a known count while the store is away: `open` admits and counts them, `closed` refuses with 503 `limits_unavailable`.',
      ),
  })
  .superRefine(({ startDay, cost, limit: { count, unit } }, context) => {
    if (cost > count)
      context.addIssue({
        code: 'custom',
        path: ['cost'],
        message: `a request of ${cost} units would never fit into a quota of ${count}`,
      });
    if (startDay !== 1 && unit !== 'month')
      context.addIssue({ code: 'custom', path: ['startDay'], message: 'a start day is for quotas of a month' });
  });

export type QuotaConfig = z.output<typeof schema>;

/** The store that the configuration names. */
export function storesOf({ store }: QuotaConfig): readonly { name: string; path: readonly string[] }[] {
  return [{ name: store, path: ['store'] }];
}

/** Whether the filter depends on who the caller is. */
export function dependsOnCaller({ by, plan }: QuotaConfig): boolean {
  return plan || by === 'consumer' || by === 'tenant' || by === 'key';
}

/** What this configuration requires and its place in the document can never provide. */
export function placeProblems(
  { by, startDay, cost, plan: goesByPlan }: QuotaConfig,
  around: FilterSurroundings,
): PlaceProblem[] {
  if (around.knowsCaller) {
    const unknown = by === 'ip' || by === 'global' ? null : unknownPartProblem(by, around);
    return [
      ...(unknown === null ? [] : [{ ...unknown, path: ['by'] }]),
      ...(goesByPlan ? planCostProblems(cost, around.plans, 'quota') : []),
      ...dayProblems(startDay, around),
    ];
  }
  const problems: PlaceProblem[] = [];
  const fail = (key: string, consequence: string) => {
    const message = `no filter before this one finds out who calls, so ${consequence}`;
    problems.push({ path: [key], message, absentFrom: 'filters' });
  };
  if (by !== 'ip' && by !== 'global') fail('by', `there is never a ${by}: put jwt, apiKey or another one before it`);
  if (typeof startDay === 'object') fail('startDay', 'there is never a tag');
  return problems;
}

function dayProblems(startDay: QuotaConfig['startDay'], { tagValues }: FilterSurroundings): PlaceProblem[] {
  if (typeof startDay === 'number') return [];
  const { tag } = startDay;
  const values = [...tagValues(tag)];
  const told = (message: string) => ({ path: ['startDay', 'tag'], message, severity: 'warning' as const });
  if (values.length === 0) {
    const message = `no consumer has a tag "${tag}", so every month starts on the 1st`;
    return [{ ...told(message), absentFrom: 'consumers' }];
  }
  return values
    .filter(([value]) => dayOf(value) === undefined)
    .map(([value, name]) =>
      told(`the consumer "${name}" has the tag "${value}", which is no day from 1 to 31: his month starts on the 1st`),
    );
}
