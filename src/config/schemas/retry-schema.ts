// `retry` of an upstream or a route: what is tried again, how often, and how much additional load an upstream may get from it.

import { z } from 'zod';
import { duration, durationText } from '../../base/schema/duration.ts';
import { expected, found } from '../../base/schema/found.ts';
import { sizeBetween } from '../../base/schema/size.ts';
import type { RetryConfig } from '../resilience-config.ts';
import { percentage } from './percentage.ts';

const reasons = 'connect, reset, timeout, or a status: 429, 500, 502, 503, 504';
const statuses = [429, 500, 502, 503, 504] as const;

const cause = z.union([z.enum(['connect', 'reset', 'timeout']), z.literal(statuses)], expected(reasons));

const method = z
  .string(expected('a method such as POST'))
  .regex(/^[A-Za-z-]{1,32}$/, expected('a method such as POST'))
  .transform(text => text.toUpperCase());

const unlimited = z.literal(0).transform((_zero, context): number => {
  const message =
    'a body without limit cannot be kept to be sent again: an upload that streams would fill the memory; expected a size such as 64KiB';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const settings = z
  .strictObject({
    attempts: z.int().min(1).max(10).default(2).describe('Tries after the first one.'),
    on: z
      .array(cause)
      .min(1, `name at least one of ${reasons}`)
      .default(['connect', 'reset', 'timeout', 502, 503, 504])
      .describe(`What is retried: \`connect\`, \`reset\`, \`timeout\`, and statuses.`),
    backoff: duration
      .prefault('25ms')
      .describe('Upper bound of the first wait, doubled for each further one; the wait is random between 0 and it.'),
    maxBackoff: duration.prefault('250ms').describe('Largest upper bound of a wait.'),
    budget: percentage
      .refine(share => share > 0, 'a budget of 0% allows no retry: leave `retry` out, or say `retry: off`')
      .prefault('20%')
      .describe(
        'Retries as a share of the requests to the upstream, over ten seconds and all workers; at least ten are allowed. Those after a refused connection do not count.',
      ),
    perTryTimeout: duration
      .optional()
      .describe(
        'How long one try may wait for a connection, and then for the first byte of its response. Default: as long as the upstream’s own timeouts allow.',
      ),
    methods: z
      .array(method)
      .min(1, 'name at least one method')
      .optional()
      .describe(
        'Methods that may be sent twice. Default: GET, HEAD, OPTIONS, PUT and DELETE. Requests with an `Idempotency-Key` always may.',
      ),
    bodyLimit: z
      .union([unlimited, sizeBetween(1, 64 * 1024 * 1024)], {
        error: ({ input }) => `expected a size from 1B to 64MiB, found ${found(input)}`,
      })
      .prefault('64KiB')
      .describe('Largest body that is kept to be sent again; a request with a larger one is tried once.'),
  })
  .superRefine(({ backoff, maxBackoff }, context) => {
    if (maxBackoff >= backoff) return;
    const message = `\`maxBackoff\` (${durationText(maxBackoff)}) is shorter than \`backoff\` (${durationText(backoff)})`;
    context.addIssue({ code: 'custom', path: ['maxBackoff'], message });
  })
  .transform(
    ({ backoff, maxBackoff, perTryTimeout, methods, bodyLimit, ...rest }): RetryConfig => ({
      ...rest,
      backoffMs: backoff,
      maxBackoffMs: maxBackoff,
      perTryTimeoutMs: perTryTimeout ?? 0,
      methods: methods ?? null,
      bodyBytesMax: bodyLimit,
    }),
  );

const off = z.literal('off').transform(
  (): RetryConfig => ({
    attempts: 0,
    on: [],
    backoffMs: 0,
    maxBackoffMs: 0,
    budget: 0,
    perTryTimeoutMs: 0,
    methods: null,
    bodyBytesMax: 0,
  }),
);

export const retrySchema = z
  .union([settings, off], expected('a map such as { attempts: 2, on: [connect, 503] }, or off'))
  .describe(
    'Which requests are tried again at another endpoint, or `off`. A route’s replaces its upstream’s; with neither, only a refused connection is, once and at another endpoint.',
  );
