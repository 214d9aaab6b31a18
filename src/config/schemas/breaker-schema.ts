// An upstream's `breaker`: when the gateway stops sending requests to the upstream, for how long, and how it tries again.

import { z } from 'zod';
import { duration } from '../../base/schema/duration.ts';
import type { BreakerConfig } from '../resilience-config.ts';
import { percentage } from './percentage.ts';

export const breakerSchema = z
  .strictObject({
    failures: z.int().min(1).max(1_000_000).optional().describe('Failures in a row that open it.'),
    failureRate: percentage
      .refine(share => share > 0, 'a failure rate of 0% would open the breaker at once: expected more than 0%')
      .optional()
      .describe('Share of failures in `window` that opens it.'),
    minimum: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .describe('Attempts in `window` below which `failureRate` does not apply. Default: 20.'),
    window: duration.prefault('10s').describe('The time over which `failureRate` is measured.'),
    open: duration.prefault('30s').describe('How long nothing is sent.'),
    halfOpen: z
      .int()
      .min(1)
      .max(1_000)
      .default(3)
      .describe('Attempts that are sent after that: it closes when all succeed, and opens again when one fails.'),
    per: z
      .enum(['upstream', 'endpoint'])
      .default('upstream')
      .describe('Whether the upstream has one breaker, or each of its endpoints has its own.'),
  })
  .superRefine(({ failures, failureRate, minimum }, context) => {
    if (failures === undefined && failureRate === undefined) {
      const message =
        'nothing opens this breaker, so `open` and `halfOpen` have no meaning: expected `failures`, `failureRate`, or both';
      context.addIssue({ code: 'custom', message });
    } else if (minimum !== undefined && failureRate === undefined) {
      const message = '`minimum` belongs to `failureRate`, which is missing';
      context.addIssue({ code: 'custom', path: ['minimum'], message });
    }
  })
  .transform(
    ({ failures, failureRate, minimum, window, open, halfOpen, per }): BreakerConfig => ({
      failures: failures ?? 0,
      failureRate: failureRate ?? 0,
      minimum: minimum ?? 20,
      windowMs: window,
      openMs: open,
      halfOpen,
      per,
    }),
  )
  .describe('Circuit breaker: sends an upstream nothing for a while when it fails too often.');
