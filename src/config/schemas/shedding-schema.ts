// `shedding`: when the gateway refuses some requests in order to serve the others.

import { z } from 'zod';
import { durationOrZero } from '../../base/schema/duration.ts';
import { expected } from '../../base/schema/found.ts';
import type { SheddingConfig } from '../admission-config.ts';
import { percentage } from './percentage.ts';

const off: SheddingConfig = { enabled: false, eventLoopDelayMs: 0, memory: 0, inFlightMax: 0 };

const settings = z
  .strictObject({
    eventLoopDelay: durationOrZero
      .prefault('250ms')
      .describe('A worker whose event loop is this late sheds load; `0s` ignores the event loop.'),
    memory: percentage
      .prefault('95%')
      .describe(
        'Share of a worker’s heap, or of the memory that the process may use, above which load is shed; `0%` ignores memory.',
      ),
    inFlight: z
      .int()
      .min(0)
      .max(10_000_000)
      .default(0)
      .describe(
        'Requests in progress in the whole gateway; above half of it, low priorities are refused first. 0 is no limit.',
      ),
  })
  .transform(
    ({ eventLoopDelay, memory, inFlight }): SheddingConfig => ({
      enabled: eventLoopDelay !== 0 || memory !== 0 || inFlight !== 0,
      eventLoopDelayMs: eventLoopDelay,
      memory,
      inFlightMax: inFlight,
    }),
  );

export const sheddingSchema = z
  .union(
    [z.union([z.literal('off'), z.literal(false)]).transform((): SheddingConfig => off), settings],
    expected('`off`, or a map such as { eventLoopDelay: 250ms }'),
  )
  .prefault({})
  .describe(
    'When the gateway refuses requests with 503 `overloaded`, beginning with routes of the lowest `priority`. `off` never does.',
  );
