// A route's `canary`: a new version beside the stable one, its steps, and the criteria that it has to meet.

import { z } from 'zod';
import { duration } from '../../base/schema/duration.ts';
import { expected, found } from '../../base/schema/found.ts';
import type { CanaryConfig, ShareOf } from '../rollout-config.ts';
import { percentage } from './percentage.ts';
import { storeName } from './store-name.ts';
import { cookieValueError, fieldValueError, namedMatches } from './value-match.ts';

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;
const stepForm = 'a share such as 5%, or { percent: 5%, for: 10m }';
const byForm = 'request, consumer, ip, { cookie: name } or { header: name }';
const criterionOff = 'expected a number from 1 up, such as 1.5';

const step = z.union(
  [
    percentage.transform(percent => ({ percent, for: undefined })),
    z.strictObject({
      percent: percentage.describe('Share of the canary in this step.'),
      for: duration.optional().describe('Minimum duration of the step. Default: the canary’s `for`.'),
    }),
  ],
  expected(stepForm),
);

/** A message about what is wrong with the step at index `at`; undefined when nothing is. */
function stepProblem(shares: readonly number[], at: number): string | undefined {
  const share = shares[at]!;
  if (share === 0 && at === 0) return 'a step of 0% would never be left';
  if (at > 0 && share <= shares[at - 1]!) return 'the steps must rise: this one is not above the one before';
  const isLast = at === shares.length - 1;
  return isLast && share !== 1 ? 'the last step must be 100%: what is promoted gets everything' : undefined;
}

const name = (what: string) => z.string(expected(what)).regex(token, expected(what));

const by = z
  .union(
    [
      z.enum(['request', 'consumer', 'ip']).transform((kind): ShareOf => ({ kind })),
      z
        .strictObject({ cookie: name('a cookie’s name').describe('Name of a cookie that distinguishes users.') })
        .transform(({ cookie }): ShareOf => ({ kind: 'cookie', name: cookie })),
      z
        .strictObject({ header: name('a header’s name').describe('Name of a header that distinguishes users.') })
        .transform(({ header }): ShareOf => ({ kind: 'header', name: header.toLowerCase() })),
    ],
    expected(byForm),
  )
  .default({ kind: 'request' })
  .describe(
    'What the share applies to. `request`: all requests, exactly. `consumer`, `ip`, `{ cookie: name }`, `{ header: name }`: users, who keep their version and stay with the canary when its share grows; without such a consumer, cookie or header, the client’s address counts.',
  );

const always = z
  .strictObject({
    headers: namedMatches({
      error: written => (token.test(written) ? undefined : `expected a header name, found ${found(written)}`),
      normal: written => written.toLowerCase(),
      valueError: fieldValueError,
    }).describe('Conditions on headers, as in `match`.'),
    cookies: namedMatches({
      error: written => (token.test(written) ? undefined : `expected a cookie’s name, found ${found(written)}`),
      valueError: cookieValueError,
    }).describe('Conditions on cookies, as in `match`.'),
    consumers: z
      .array(z.string().min(1))
      .min(1, 'name at least one consumer')
      .optional()
      .describe('Names of consumers.'),
  })
  .prefault({})
  .transform(({ headers, cookies, consumers }) => ({
    headers: headers ?? [],
    cookies: cookies ?? [],
    consumers: consumers ?? [],
  }))
  .describe(
    'Callers who meet one of these conditions get the canary whatever its share, until it is rolled back; their requests count in the comparison.',
  );

export const canarySchema = z
  .strictObject({
    upstream: z
      .string(expected('the name of an upstream'))
      .min(1, 'expected the name of an upstream, found ""')
      .describe('The new version. The stable one is the route’s `to`.'),
    steps: z
      .array(step, expected('a list of steps: [1%, 5%, 25%, 100%]'))
      .min(1, 'name at least one step')
      .default([
        { percent: 0.01, for: undefined },
        { percent: 0.05, for: undefined },
        { percent: 0.25, for: undefined },
        { percent: 1, for: undefined },
      ])
      .describe('Rising shares, the last 100%: `[1%, 5%, 25%, 100%]`. A single `[100%]` is a blue-green switch.'),
    for: duration.prefault('10m').describe('Minimum duration of each step.'),
    by,
    always,
    success: z
      .strictObject({
        errorRate: percentage
          .prefault('1%')
          .describe(
            'By how many percentage points the canary’s share of failed requests (5xx, no answer) may be above the stable one’s.',
          ),
        p99: z
          .number(criterionOff)
          .min(1, criterionOff)
          .max(1_000)
          .default(1.5)
          .describe('How many times the stable version’s p99 (time to the first byte) the canary’s may be.'),
        minimum: z
          .int()
          .min(10)
          .max(1_000_000)
          .default(100)
          .describe('Requests of each version that are needed before a step is taken.'),
      })
      .prefault({})
      .describe('What the canary must achieve, compared with the stable version over the same time.'),
    store: storeName
      .optional()
      .describe(
        'Name of one of the `stores` that keeps the state of the canary: a Redis, for all gateways that use it, or SQLite, for this machine. Both outlive restarts, and until the state is known nobody gets the canary. Without a store, a restart begins at the first step and each gateway decides for itself.',
      ),
  })
  .transform(({ upstream, steps, for: forMs, by: shareOf, always: rules, success, store }, context): CanaryConfig => {
    const shares = steps.map(({ percent }) => percent);
    for (const at of shares.keys()) {
      const message = stepProblem(shares, at);
      if (message !== undefined) context.addIssue({ code: 'custom', path: ['steps', at], message });
    }
    return {
      upstream,
      steps: steps.map(each => ({ share: each.percent, forMs: each.for ?? forMs })),
      by: shareOf,
      always: rules,
      errorRate: success.errorRate,
      p99Factor: success.p99,
      minimum: success.minimum,
      ...(store !== undefined && { store }),
    };
  })
  .describe('A new version beside the stable one: it gets more requests step by step, or none once it does worse.');
