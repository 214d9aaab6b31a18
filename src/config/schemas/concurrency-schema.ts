// `concurrency` of an upstream or a route: how many requests may be in progress, and how many may wait for how long.

import { z } from 'zod';
import { duration } from '../../base/schema/duration.ts';
import { expected } from '../../base/schema/found.ts';
import type { ConcurrencyConfig } from '../admission-config.ts';

const limitMax = 1_000_000;
const count = z.int().min(1).max(limitMax);
const adaptiveMin = 4;
const adaptiveMax = 1_000;
const queueTimeoutMs = 1_000;

const full = z
  .strictObject({
    limit: z
      .union([count, z.literal('adaptive')], expected('a whole number above 0, or adaptive'))
      .describe('Requests in progress, over all workers; or `adaptive`: the limit follows latency.'),
    min: count.optional().describe(`With \`adaptive\`: the limit is never below this. Default: ${adaptiveMin}.`),
    max: count.optional().describe(`With \`adaptive\`: and never above this. Default: ${adaptiveMax}.`),
    queue: z
      .int()
      .min(0)
      .max(limitMax)
      .default(0)
      .describe('Requests that may wait for room; beyond it 503 `concurrency_limited`, at once.'),
    queueTimeout: duration
      .optional()
      .describe('How long one may wait: 1s. Then 503 `queue_timeout`; it is never sent.'),
  })
  .transform(({ limit, min, max, queue, queueTimeout }, context): ConcurrencyConfig => {
    const fail = (key: string, message: string): void => context.addIssue({ code: 'custom', path: [key], message });
    const isAdaptive = limit === 'adaptive';
    for (const [key, value] of Object.entries({ min, max })) {
      if (value !== undefined && !isAdaptive) fail(key, `\`${key}\` has no meaning without \`limit: adaptive\``);
    }
    if (queue === 0 && queueTimeout !== undefined)
      fail('queueTimeout', '`queueTimeout` has no meaning without `queue`');
    const adaptive = {
      min: min ?? Math.min(adaptiveMin, max ?? adaptiveMin),
      max: max ?? Math.max(adaptiveMax, min ?? 0),
    };
    if (adaptive.min > adaptive.max) fail('min', `\`min\` ${adaptive.min} is above \`max\` ${adaptive.max}`);
    return {
      limit: isAdaptive ? 0 : limit,
      adaptive: isAdaptive ? adaptive : null,
      queueMax: queue,
      queueTimeoutMs: queue === 0 ? 0 : (queueTimeout ?? queueTimeoutMs),
    };
  });

const plain = z.union([count, z.literal('adaptive')]).transform(
  (limit): ConcurrencyConfig => ({
    limit: limit === 'adaptive' ? 0 : limit,
    adaptive: limit === 'adaptive' ? { min: adaptiveMin, max: adaptiveMax } : null,
    queueMax: 0,
    queueTimeoutMs: 0,
  }),
);

export const concurrencySchema = z
  .union([plain, full], expected('a whole number above 0, `adaptive`, or a map such as { limit: 100, queue: 50 }'))
  .describe('How many requests may be in progress: a number, `adaptive`, or a map with a queue. Default: no limit.');
