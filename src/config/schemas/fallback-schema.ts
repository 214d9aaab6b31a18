// A route's `fallback` and `hedge`: what callers get while an upstream may not be asked, and a second attempt beside a slow one.

import { z } from 'zod';
import {
  answerMemory,
  answerSize,
  holdsEnoughAnswers,
  keepTime,
  tooLittleMemory,
} from '../../base/schema/answer-memory.ts';
import { duration } from '../../base/schema/duration.ts';
import { expected } from '../../base/schema/found.ts';
import type { FallbackConfig, HedgeConfig, KeptAnswersConfig } from '../resilience-config.ts';
import { replySchema } from './reply-schema.ts';

const cacheSchema = z
  .strictObject({
    keep: keepTime.prefault('1h').describe('How old a response may become; less if its own `Cache-Control` says so.'),
    size: answerSize.prefault('64KiB').describe('Largest answer that is kept, head and body.'),
    memory: answerMemory
      .prefault('32MiB')
      .describe(
        'For all answers of routes with the same `memory` and `size`, each of which takes `size`; when it is full the oldest go first.',
      ),
    by: z
      .enum(['everyone', 'consumer'], expected('everyone or consumer'))
      .default('everyone')
      .describe(
        'Whose responses are kept: with `everyone` those to requests without anything that could identify a caller, with `consumer` those to callers that a filter has identified, each for that caller only.',
      ),
    ignoreHeaders: z
      .array(
        z
          .string(expected('the name of a header'))
          .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected the name of a header'),
      )
      .default([])
      .describe(
        'Request headers that do not influence the response, such as one that is new with each request. Other headers that are not known to be harmless distinguish requests.',
      ),
  })
  .transform(({ keep, size: answerBytesMax, memory, by, ignoreHeaders }, context): KeptAnswersConfig => {
    if (!holdsEnoughAnswers(memory, answerBytesMax)) context.addIssue({ code: 'custom', ...tooLittleMemory });
    const ignoredHeaders = ignoreHeaders.map(name => name.toLowerCase());
    return { keepMs: keep, answerBytesMax, memoryBytes: memory, by, ignoredHeaders };
  })
  .describe(
    'The last good response to the same request, kept in memory that all workers share: GET and HEAD only, and nothing that `Cache-Control`, a cookie or a credential makes private. Given while the upstream may not be asked, and if it was asked and gave no response. `{}` for the defaults.',
  );

const either = 'either { reply: ... } or { upstream: name }, or { cache: {} } alone or beside one of them';

export const fallbackSchema = z
  .strictObject({
    cache: cacheSchema.optional(),
    reply: replySchema.optional().describe('A fixed reply.'),
    upstream: z.string(expected('the name of an upstream')).min(1).optional().describe('Another upstream.'),
  })
  .transform(({ cache, reply, upstream }, context): FallbackConfig => {
    const kept = cache === undefined ? {} : { cache };
    if (reply !== undefined && upstream === undefined) return { kind: 'reply', reply, ...kept };
    if (upstream !== undefined && reply === undefined) return { kind: 'upstream', upstream, ...kept };
    if (reply === undefined && cache !== undefined) return { kind: 'nothing', cache };
    const names = reply === undefined ? 'nothing' : 'both';
    context.addIssue({ code: 'custom', message: `expected ${either}, found ${names}` });
    return z.NEVER;
  })
  .describe(
    'What callers get while the upstream’s circuit breaker is open or no endpoint may be used: a kept response if there is one, otherwise the reply or the other upstream. Default: 503, with `Retry-After` while the breaker is open.',
  );

export const hedgeSchema = z
  .strictObject({
    after: z
      .union([z.literal('p95').transform(() => 0), duration], expected('p95, or a duration such as 50ms'))
      .prefault('p95')
      .describe('When the second try begins: after a fixed time, or `p95`, the 95th percentile of recent responses.'),
  })
  .transform(({ after }): HedgeConfig => ({ afterMs: after }))
  .describe(
    'A second try at another endpoint while the first one is slow; the first response wins. For requests without a body that may be repeated; counts in the retry budget.',
  );
