// The keys of an upstream that determine what happens when it fails, and which of them contradict each other.

import type { z } from 'zod';
import { duration, durationText } from '../../base/schema/duration.ts';
import type { ResilienceConfig } from '../resilience-config.ts';
import { breakerSchema } from './breaker-schema.ts';
import { healthCheckSchema } from './health-check-schema.ts';
import { outlierSchema } from './outlier-schema.ts';
import { percentage } from './percentage.ts';
import { retrySchema } from './retry-schema.ts';

export const resilienceShape = {
  healthCheck: healthCheckSchema.optional(),
  outlier: outlierSchema.optional(),
  breaker: breakerSchema.optional(),
  retry: retrySchema.optional(),
  panicThreshold: percentage
    .optional()
    .describe(
      'When a smaller share of the endpoints may be used, all are: some response is better than none. Default: `10%`.',
    ),
  slowStart: duration
    .optional()
    .describe(
      'How long the share of an endpoint that has recovered takes to grow to its weight. Default: none, at once.',
    ),
};

interface Settings extends Omit<ResilienceConfig, 'slowStartMs'> {
  readonly slowStart?: number | undefined;
  readonly timeout: number;
  readonly protocol: string;
}

/** Adds the contradictions between these keys to `context`. */
export function resilienceContradictions(
  {
    healthCheck,
    outlier,
    breaker,
    retry,
    panicThreshold,
    slowStart,
    timeout,
    protocol,
  }: { [Key in keyof Settings]: Settings[Key] | undefined },
  context: z.RefinementCtx,
): void {
  const fail = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  const leaves = healthCheck !== undefined || outlier !== undefined || breaker?.per === 'endpoint';
  for (const [key, value] of Object.entries({ panicThreshold, slowStart })) {
    if (value !== undefined && !leaves) {
      fail([key], `\`${key}\` has no meaning here: without \`healthCheck\` or \`outlier\` no endpoint ever leaves`);
    }
  }
  if (healthCheck?.kind === 'grpc' && protocol === 'http/1.1')
    fail(['healthCheck', 'grpc'], 'gRPC needs HTTP/2: say `protocol: h2c`, or `h2` with https:// endpoints');
  if (retry !== undefined && timeout !== undefined && timeout > 0 && retry.perTryTimeoutMs > timeout) {
    fail(
      ['retry', 'perTryTimeout'],
      `one try may take ${durationText(retry.perTryTimeoutMs)}, and all together \`timeout\` ${durationText(timeout)}`,
    );
  }
}
