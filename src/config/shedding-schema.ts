// `shedding`: from when on the gateway refuses some requests to serve the others.

import { z } from 'zod';
import { durationOrNone } from '../base/schema/duration.ts';
import { expected } from '../base/schema/found.ts';
import type { SheddingConfig } from './admission-config.ts';
import { percentage } from './percentage.ts';

const off: SheddingConfig = { enabled: false, eventLoopDelayMs: 0, memory: 0, inFlightMax: 0 };

const settings = z
  .strictObject({
    eventLoopDelay: durationOrNone
      .prefault('250ms')
      .describe('A worker whose event loop runs this late sheds load; `0s` does not look at it.'),
    memory: percentage
      .prefault('95%')
      .describe(
        'Share of a worker’s heap, or of what the process may take, above which load is shed; `0%` does not look at it.',
      ),
    inFlight: z
      .int()
      .min(0)
      .max(10_000_000)
      .default(0)
      .describe(
        'Requests under way in the whole gateway; with more than half of it, low priorities are refused first. 0 is no limit.',
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
    'From when on the gateway refuses requests with 503 `overloaded`, those of routes with the lowest `priority` first. `off` never does.',
  );
