// A route's `fallback` and `hedge`: what callers get while an upstream may not be asked, and a second try beside a slow one.

import { z } from 'zod';
import { duration } from './duration.ts';
import { expected } from './found.ts';
import { withLaterKeys } from './later-keys.ts';
import { replySchema } from './reply-schema.ts';
import type { FallbackConfig, HedgeConfig } from './resilience-config.ts';

const either = 'either { reply: ... } or { upstream: name }';

export const fallbackSchema = withLaterKeys(
  z.strictObject({
    reply: replySchema.optional().describe('A fixed reply.'),
    upstream: z.string(expected('the name of an upstream')).min(1).optional().describe('Another upstream.'),
  }),
  'cache',
)
  .transform(({ reply, upstream }, context): FallbackConfig => {
    if (reply !== undefined && upstream === undefined) return { kind: 'reply', reply };
    if (upstream !== undefined && reply === undefined) return { kind: 'upstream', upstream };
    const names = reply === undefined ? 'nothing' : 'both';
    context.addIssue({ code: 'custom', message: `expected ${either}, found ${names}` });
    return z.NEVER;
  })
  .describe('What callers get while the upstream’s circuit breaker is open; 503 with `Retry-After` when left out.');

export const hedgeSchema = z
  .strictObject({
    after: z
      .union([z.literal('p95').transform(() => 0), duration], expected('p95, or a duration such as 50ms'))
      .prefault('p95')
      .describe('When the second try begins: `p95` is what 95 of 100 answers before took.'),
  })
  .transform(({ after }): HedgeConfig => ({ afterMs: after }))
  .describe(
    'A second try at another endpoint beside a first one that is slow; the first answer wins. For requests without a body that may be repeated; counts in the retry budget.',
  );
