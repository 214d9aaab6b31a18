// The configuration of the idempotency filter. Knows nothing of how exchanges run.

import { z } from 'zod';
import { answerMemory, holdsEnoughAnswers, keepTime, tooLittleMemory } from '../../base/schema/answer-memory.ts';
import { duration } from '../../base/schema/duration.ts';
import { sizeBetween } from '../../base/schema/size.ts';

export const name = 'idempotency';

/** This filter may respond from memory, so that the filters after it do not run. */
export const remembersAnswers = true;

export const documentation =
  'Gives a request with an `Idempotency-Key` the response that the first request with that key got, if the same caller sends the same request to the same route ' +
  'again: a payment that is sent twice is made once. Responses are kept for `keepFor` in memory that all workers share; only responses of the upstream below 500, and not 401, 403, 408 and 429. ' +
  'A duplicate of a request that is still in progress gets 409 `idempotency_conflict` with `Retry-After`, or waits (`whileInFlight: wait`); a key that comes with a different request (method, URL, or type and length of the body; not its bytes) gets 422 `idempotency_key_reused`. ' +
  'Where the route is `async`, a duplicate of a deferred request gets the same 202 and the same `Location`, where the response is kept for at least `keepFor`. ' +
  'Put it after the filter that identifies the caller; callers without an identity are distinguished by their address, and a request with a different `Authorization` gets 422. The same holds for callers whom that filter admits and does not name (`forwardAuth` without `subject` and `consumer`, a token without `sub`): their `Cookie` and the fields of `copy` count as well. Put it after `compress`, too. A restart removes all kept responses, and so does a reload that changes `memory` or `answerLimit`.';

export const schema = z
  .strictObject({
    methods: z
      .array(z.string().regex(/^[A-Z]+$/, 'expected a method such as POST'))
      .min(1)
      .default(['POST', 'PATCH'])
      .describe('Requests with other methods pass.'),
    required: z
      .boolean()
      .default(false)
      .describe('Whether a request without a key is refused with 400 `idempotency_key_missing`.'),
    keepFor: keepTime.prefault('24h').describe('How long an answer is kept.'),
    underWayFor: keepTime
      .prefault('60s')
      .describe(
        'How long a request whose client left before the response came, or whose response broke off, keeps its duplicates out.',
      ),
    whileInFlight: z
      .enum(['conflict', 'wait'])
      .default('conflict')
      .describe(
        'What a duplicate gets while the first request is in progress: 409 at once, or the first one’s response when it is there.',
      ),
    waitFor: duration
      .prefault('10s')
      .describe('Longest wait of a duplicate with `whileInFlight: wait`; then it gets 409.'),
    waiters: z
      .int()
      .min(1)
      .max(100_000)
      .default(100)
      .describe('How many duplicates may wait in each worker for this filter; those beyond get 409 at once.'),
    answerLimit: sizeBetween(256, 512 * 1_024 ** 2)
      .prefault('16KiB')
      .describe('Largest response that is kept, head and body. Duplicates of a request with a larger one get 409.'),
    memory: answerMemory
      .prefault('16MiB')
      .describe(
        'For all answers of filters with the same `memory` and `answerLimit`; when it is full the oldest go first.',
      ),
  })
  .refine(({ memory, answerLimit }) => holdsEnoughAnswers(memory, answerLimit), tooLittleMemory);

export type IdempotencyConfig = z.output<typeof schema>;
