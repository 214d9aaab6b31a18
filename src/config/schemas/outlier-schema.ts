// An upstream's `outlier`: when live traffic to an endpoint takes it out of use.

import { z } from 'zod';
import { duration, durationText } from '../../base/schema/duration.ts';
import type { OutlierConfig } from '../resilience-config.ts';
import { percentage } from './percentage.ts';

const count = z.int().min(0).max(1_000_000);

export const outlierSchema = z
  .strictObject({
    consecutiveErrors: count
      .default(5)
      .describe('Errors in a row: 5xx answers, resets, timeouts, failed connections; 0 is no limit.'),
    consecutiveResets: count
      .default(3)
      .describe(
        'Resets in a row, answers with `Connection: close` in a row from an endpoint that kept its connections before and does not close each after as many requests, or HTTP/2 connections in a row that it ends by GOAWAY within a second after it had let them live; 0 is no limit.',
      ),
    successRateDeviations: z
      .number()
      .min(0)
      .max(10)
      .default(0)
      .describe('Standard deviations by which its success rate may be below the others’; 0 is no limit.'),
    latencyFactor: z
      .number()
      .min(0)
      .max(1_000)
      .refine(factor => factor === 0 || factor > 1, 'expected 0, or a factor above 1')
      .default(0)
      .describe('How many times the median of all endpoints its mean latency may be; 0 is no limit.'),
    minimum: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(100)
      .describe('Requests in `interval` below which rates and latencies are not compared.'),
    interval: duration.prefault('10s').describe('How often success rates and latencies are compared.'),
    ejection: duration
      .prefault('30s')
      .describe('How long an endpoint stays out: this the first time, twice this the second time, and so on.'),
    maxEjection: duration.prefault('5m').describe('Longest time that it stays out.'),
    maxEjected: percentage
      .refine(share => share > 0, '`maxEjected` 0% never ejects anything: leave `outlier` out, or allow a share')
      .prefault('50%')
      .describe(
        'Share of the endpoints that may be out at once; at least one, and never the last. Another one that fails in a row then takes the place of the one that has been out longest, once that has been out for a tenth of its time.',
      ),
  })
  .superRefine((settings, context) => {
    const { consecutiveErrors, consecutiveResets, successRateDeviations, latencyFactor, ejection, maxEjection } =
      settings;
    if (consecutiveErrors + consecutiveResets + successRateDeviations + latencyFactor === 0) {
      const message = 'every limit is switched off, so nothing is ever ejected: leave `outlier` out';
      context.addIssue({ code: 'custom', message });
    }
    if (maxEjection >= ejection) return;
    const message = `\`maxEjection\` (${durationText(maxEjection)}) is shorter than \`ejection\` (${durationText(ejection)})`;
    context.addIssue({ code: 'custom', path: ['maxEjection'], message });
  })
  .transform(
    ({ interval, ejection, maxEjection, ...rest }): OutlierConfig => ({
      ...rest,
      intervalMs: interval,
      ejectionMs: ejection,
      ejectionMaxMs: maxEjection,
    }),
  )
  .describe('Takes endpoints out of use for a while when live traffic to them fails.');
