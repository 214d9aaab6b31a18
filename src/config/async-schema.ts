// A route's `async`: clients of slow answers are told where to fetch them.

import { z } from 'zod';
import { duration } from './duration.ts';
import { withLaterKeys } from './later-keys.ts';
import type { DeferralConfig } from './rollout-config.ts';
import { size } from './size-field.ts';

const KIB = 1024;

export const asyncSchema = withLaterKeys(
  z.strictObject({
    after: duration.prefault('30s').describe('How long a client is kept waiting.'),
    keep: duration
      .refine(ms => ms >= 1_000, 'expected at least 1s')
      .prefault('1h')
      .describe('How long an answer is kept for its caller.'),
    size: size(KIB, 64 * KIB * KIB)
      .prefault('1MiB')
      .describe('Largest answer that is kept, head and body. Of a larger one its caller is told with 502.'),
    memory: size(64 * KIB, 4 * KIB * KIB * KIB)
      .prefault('64MiB')
      .describe(
        'For all answers of routes with the same `memory` and `size`; when it is full the oldest answer goes first, and while all of it waits for answers nobody is deferred.',
      ),
  }),
  'store',
)
  .transform(({ after, keep, size: answerBytesMax, memory }, context): DeferralConfig => {
    if (memory < 8 * answerBytesMax) {
      context.addIssue({ code: 'custom', path: ['memory'], message: '`memory` has to hold eight answers at least' });
    }
    return { afterMs: after, keepMs: keep, answerBytesMax, memoryBytes: memory };
  })
  .describe(
    'A client whose request has no answer by then gets 202 with the `Location` of its answer. The gateway goes on waiting, keeps the answer in memory that all workers share, and gives it there to the same caller only. Not for upgrades, gRPC and event streams.',
  );
