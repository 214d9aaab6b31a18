// The configuration of the rateLimit filter. Knows nothing of how exchanges run, nor how limits are counted.

import { z } from 'zod';
import type { Rate } from '../../base/rate.ts';
import { budgetContradictions } from '../../base/schema/budget-contradictions.ts';
import { budgetKey, budgetKeyProblems, budgetName, goesByCaller, type KeyPart } from '../../base/schema/budget-key.ts';
import { budgetCost, budgetRate, type CostConfig, countMax } from '../../base/schema/budget-rate.ts';
import type { FilterSurroundings } from '../../base/schema/filter-surroundings.ts';
import { unlistedProblem } from '../../base/schema/listed-consumers.ts';
import type { PlaceProblem } from '../../base/schema/place-problem.ts';
import { besideLimits } from './beside-limits.ts';
import { answerTime, exemptCallers, memorySize, policyName } from './limit-words.ts';
import { planProblems } from './plan-problems.ts';
import { storeIssues } from './store-issues.ts';

export const name = 'rateLimit';

export const documentation =
  'Limits how many requests callers may send in a given time, by address, consumer, key, tenant, route, header, claim, cookie or path parameter, or for all together. ' +
  'Requests beyond it get 429 `rate_limited` with `Retry-After`, `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-11). ' +
  'Several `limits` in one filter are decided together: all must admit the request, and a refusal by one charges nothing to the others. ' +
  'Workers count exactly, in memory that they share, and a reload keeps the counts as long as the limit is unchanged. The memory is bounded: when it is full, the callers that were idle longest are forgotten first. ' +
  'With a Redis as `store`, all gateways that use it count together. ' +
  'A filter of a route counts for that route, or with `budget` for all routes that name the same; one in the global chain counts for all routes together. `concurrency` limits the requests that are in progress at once.';

export interface LimitConfig {
  readonly name: string;
  /** Null for a limit that has only a `concurrency`. */
  readonly rate: Rate | null;
  readonly burst: number;
  readonly algorithm: (typeof algorithms)[number];
  /** Empty for one budget for all callers together. */
  readonly by: readonly KeyPart[];
  readonly fallback: 'ip' | 'shared';
  readonly cost: CostConfig;
  readonly plan: boolean;
  /** Requests in progress at once; null for no limit. */
  readonly concurrency: number | null;
  /** Where the limit is in the filter's configuration. */
  readonly path: readonly (string | number)[];
}

const algorithms = ['gcra', 'tokenBucket', 'slidingWindow', 'slidingLog', 'fixedWindow'] as const;

export const logCountMax = 10_000;
const concurrencyMax = 1_000_000;
/** The default of `answerTimeout` in ms. With the delay of timers and the thread's other work, a request then waits 5 ms at most. */
const answerMsMax = 3;
const limitsMax = 8;

const limitFields = {
  limit: budgetRate.optional().describe('Units per time: `100/s`, `1000/min`, `5/15min`, `10M/month`.'),
  burst: z
    .int('expected a whole number of units')
    .min(1, 'a burst below 1 would refuse every request')
    .max(countMax)
    .optional()
    .describe('Units at once after a pause (`gcra`, `tokenBucket`). Default: as many as `limit` has in its time.'),
  algorithm: z
    .enum(algorithms)
    .default('gcra')
    .describe(
      '`gcra` refills evenly, up to `burst`; `tokenBucket` decides the same; `slidingWindow` weighs two counters; `slidingLog` remembers every request (at most 10,000); `fixedWindow` begins anew each minute, hour, … of the clock.',
    ),
  by: budgetKey.prefault('ip'),
  fallback: z
    .enum(['ip', 'shared'])
    .default('ip')
    .describe(
      'Which budget applies to a request without the value that `by` asks for: its address’s, or one shared by all such requests.',
    ),
  cost: budgetCost.prefault(1),
  plan: z
    .boolean()
    .default(false)
    .describe('Whether the rates of the consumer’s plan, all of them, replace `limit`, for consumers who have some.'),
  concurrency: z
    .int('expected a whole number of requests')
    .min(1, 'a concurrency of 0 would refuse every request')
    .max(concurrencyMax)
    .optional()
    .describe(
      'Requests in progress at once for each caller that `by` distinguishes. Each gateway counts its own, even with a `store`.',
    ),
};

const nameField = {
  name: policyName.optional().describe('Name in `RateLimit`, in messages and in metrics.'),
};

const limitEntry = z.strictObject({ ...nameField, ...limitFields });

type WrittenLimit = z.output<typeof limitEntry>;

type Issue = Pick<PlaceProblem, 'path' | 'message'>;

export const schema = z
  .strictObject({
    ...nameField,
    ...limitFields,
    limits: z
      .array(limitEntry)
      .min(1, 'name at least one limit')
      .max(limitsMax, `at most ${limitsMax} limits in one filter`)
      .optional()
      .describe(
        'Several limits that must all admit, each with the settings of one: `limit`, `burst`, `algorithm`, `by`, `fallback`, `cost`, `plan`, `concurrency`, `name`.',
      ),
    budget: policyName
      .optional()
      .describe(
        'Name of a budget that filters of several routes share: where it is the same, limits of the same name, rate and `by` count together. Default: each route has its own.',
      ),
    store: z
      .string()
      .min(1)
      .default('local')
      .describe(
        'Where requests are counted: `local`, in memory that the workers of this process share, or the name of a Redis among the `stores`, for all gateways that use it.',
      ),
    mode: z
      .enum(['shared', 'exact'])
      .optional()
      .describe(
        'With a Redis: `shared` (the default) decides in memory, and gateways tell each other what they admitted, so that no request waits; `exact` asks Redis for each request, and admits not one too many.',
      ),
    onStoreFailure: z
      .enum(['local', 'open', 'closed'])
      .optional()
      .describe(
        'While that Redis is away: `local` (the default) gives each gateway its share of the limit, `open` admits all, `closed` refuses all with 503 `limits_unavailable`.',
      ),
    answerTimeout: answerTime
      .optional()
      .describe(
        'With `mode: exact`, how long a request waits for Redis before `onStoreFailure` decides; later requests do not wait until Redis answers again. Default: 3ms.',
      ),
    memory: memorySize
      .prefault('16MiB')
      .describe(
        'Size of each table of callers; 16MiB hold about 600,000. Filters with the same size share their tables. After a change of size, budgets are full.',
      ),
    ipv6Prefix: z
      .int()
      .min(1)
      .max(128)
      .default(64)
      .describe('Bits of an IPv6 address that count: most subscribers have a /64 of their own.'),
    dryRun: z
      .boolean()
      .default(false)
      .describe('Counts and logs what would be refused, but refuses nothing and sends no headers.'),
    except: exemptCallers,
    headers: z
      .enum(['always', 'refused', 'never'])
      .default('always')
      .describe('Which responses carry `RateLimit` and `RateLimit-Policy`. `Retry-After` is on every refusal.'),
    legacyHeaders: z
      .boolean()
      .default(false)
      .describe(
        'Whether `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds from now) are sent beside them, for the limit with the least left.',
      ),
  })
  .transform((written, context) => {
    const {
      limits: list,
      budget,
      store,
      mode,
      onStoreFailure,
      answerTimeout,
      memory,
      ipv6Prefix,
      dryRun,
      except,
      headers,
      legacyHeaders,
      ...single
    } = written;
    const issues: Issue[] = [];
    if (list !== undefined) issues.push(...besideLimits(single));
    const places: [WrittenLimit, readonly (string | number)[]][] =
      list === undefined ? [[single, []]] : list.map((each, at) => [each, ['limits', at]]);
    const limits = places.map(([each, path], at) => limitOf(each, path, at, places.length, issues));
    for (const [at, limit] of limits.entries()) {
      const twin = limits.findIndex(other => other.name === limit.name);
      if (twin < at) issues.push({ path: [...limit.path, 'name'], message: `two limits are named "${limit.name}"` });
    }
    issues.push(...budgetContradictions(limits));
    issues.push(...storeIssues({ store, mode, onStoreFailure, answerTimeout }, limits));
    const shared = {
      store,
      mode: mode ?? ('shared' as const),
      onStoreFailure: onStoreFailure ?? ('local' as const),
      answerMsMax: answerTimeout ?? answerMsMax,
    };
    for (const issue of issues) context.addIssue({ code: 'custom', path: [...issue.path], message: issue.message });
    if (issues.length > 0) return z.NEVER;
    return {
      limits,
      budget: budget ?? null,
      ...shared,
      memoryBytes: memory,
      ipv6Prefix,
      dryRun,
      except,
      headers,
      legacyHeaders,
    };
  });

export type RateLimitConfig = z.output<typeof schema>;

function limitOf(
  written: WrittenLimit,
  path: readonly (string | number)[],
  at: number,
  count: number,
  issues: Issue[],
): LimitConfig {
  const { limit = null, burst, algorithm, by: parts, fallback, cost: price, plan, concurrency = null } = written;
  const fail = (key: string, message: string) => issues.push({ path: [...path, key], message });
  if (limit === null && concurrency === null)
    issues.push({ path, message: 'a `limit` such as 100/s is missing, or a `concurrency`' });
  const isBucket = algorithm === 'gcra' || algorithm === 'tokenBucket';
  if (burst !== undefined && limit === null) fail('burst', 'there is no `limit` whose burst this could be');
  if (burst !== undefined && !isBucket)
    fail('burst', `${algorithm} has no burst: its window admits the whole limit at once`);
  if (plan && limit === null) fail('plan', 'write a `limit` as well, for consumers without a plan');
  if (plan && algorithm === 'slidingLog') {
    fail('plan', 'slidingLog keeps room for one limit only; take slidingWindow where plans decide');
  }
  if (algorithm === 'slidingLog' && limit !== null && limit.count > logCountMax) {
    fail(
      'limit',
      `slidingLog remembers every request, so it takes at most ${logCountMax}; slidingWindow has no such bound`,
    );
  }
  const most = burst ?? limit?.count ?? countMax;
  for (const units of [price.each, ...Object.values(price.routes)]) {
    if (units > most)
      fail(
        'cost',
        `a request of ${units} units would never fit into ${burst === undefined ? 'a limit' : 'a burst'} of ${most}`,
      );
  }
  return {
    name: written.name ?? (count === 1 ? 'default' : `${budgetName(parts)}-${at + 1}`),
    rate: limit,
    burst: most,
    algorithm,
    by: parts,
    fallback,
    cost: price,
    plan,
    concurrency,
    path,
  };
}

/** The store that the configuration names, unless it is `local`. */
export function storesOf({ store }: RateLimitConfig): readonly { name: string; path: readonly string[] }[] {
  return store === 'local' ? [] : [{ name: store, path: ['store'] }];
}

/** What this configuration requires and its place in the document can never provide. */
export function placeProblems(config: RateLimitConfig, around: FilterSurroundings): PlaceProblem[] {
  const problems: PlaceProblem[] = [];
  for (const limit of config.limits) {
    const { by: parts, cost: price, path } = limit;
    for (const problem of budgetKeyProblems(parts, around)) problems.push({ ...problem, path: [...path, 'by'] });
    problems.push(...planProblems(limit, config.limits, around));
    for (const route of Object.keys(price.routes)) {
      if (!around.routes.has(route))
        problems.push({ path: [...path, 'cost'], message: `there is no route "${route}"`, absentFrom: 'routes' });
    }
  }
  for (const [at, consumer] of config.except.consumers.entries()) {
    const place = ['except', 'consumers', at];
    if (!around.knowsCaller) {
      const message = 'no filter before this one finds out who calls, so nobody is ever this consumer';
      problems.push({ path: place, message, absentFrom: 'filters' });
    } else if (!around.consumers.has(consumer)) {
      problems.push(unlistedProblem(place, consumer));
    }
  }
  return problems;
}

/** Whether the filter depends on who the caller is. */
export function dependsOnCaller({ limits, except }: RateLimitConfig): boolean {
  return except.consumers.length > 0 || limits.some(({ by: parts, plan }) => plan || goesByCaller(parts));
}
