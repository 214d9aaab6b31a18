// A route's `async`: a client whose response is slow gets 202 and is told where to fetch the response later.

import { z } from 'zod';
import {
  answerMemory,
  answerSize,
  holdsEnoughAnswers,
  keepTime,
  tooLittleMemory,
} from '../../base/schema/answer-memory.ts';
import { duration } from '../../base/schema/duration.ts';
import type { DeferralConfig } from '../rollout-config.ts';
import { storeName } from './store-name.ts';

export const asyncSchema = z
  .strictObject({
    after: duration.prefault('30s').describe('How long a client waits before it gets the 202.'),
    keep: keepTime
      .prefault('1h')
      .describe(
        'How long a response is kept for its caller; for a request that `idempotency` would not send again, at least its `keepFor`.',
      ),
    size: answerSize
      .prefault('1MiB')
      .describe('Largest response that is kept, head and body. The caller of a larger one gets 502.'),
    memory: answerMemory
      .prefault('64MiB')
      .describe(
        'For all responses of routes with the same `memory`, `size` and `store`: room for `memory` / `size` of them; when it is full the oldest is removed first, and while all of it waits for responses nobody is deferred.',
      ),
    store: storeName
      .optional()
      .describe(
        'Name of one of the `stores` that keeps the responses: a Redis, for all gateways that use it, or SQLite, for this machine. Both outlive restarts. Default: memory of this process.',
      ),
  })
  .transform(({ after, keep, size: answerBytesMax, memory, store }, context): DeferralConfig => {
    if (!holdsEnoughAnswers(memory, answerBytesMax)) context.addIssue({ code: 'custom', ...tooLittleMemory });
    return { afterMs: after, keepMs: keep, answerBytesMax, memoryBytes: memory, store };
  })
  .describe(
    'A client whose request has no response after `after` gets 202 with the `Location` of its response. The gateway continues to wait, keeps the response in memory that all workers share or in a store, and gives it there to the same caller only. Not for upgrades, gRPC and event streams.',
  );
