// An upstream's `healthCheck`: what is sent to its endpoints, how often, and which responses count as healthy.

import { z } from 'zod';
import { duration, durationText } from '../../base/schema/duration.ts';
import { expected, found } from '../../base/schema/found.ts';
import type { HealthCheckConfig } from '../resilience-config.ts';

const described = 'a status such as 200, or a range such as 200-299';

const statuses = z.union([z.int(), z.string()], expected(described)).transform((value, context) => {
  const match = /^([1-5][0-9][0-9])(?:-([1-5][0-9][0-9]))?$/.exec(String(value));
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (match !== null && from <= to) return { from, to };
  context.addIssue({ code: 'custom', message: `expected ${described}, found ${found(value)}` });
  return z.NEVER;
});

const written = z.strictObject({
  type: z
    .enum(['http', 'tcp'])
    .optional()
    .describe('`http`, the default, requests `path`; `tcp` only opens a connection.'),
  grpc: z
    .string(expected('the name of a gRPC service, or "" for the server as a whole'))
    .max(127)
    .regex(/^[A-Za-z0-9_./-]*$/, expected('the name of a gRPC service, such as shop.v1.Orders, or ""'))
    .optional()
    .describe(
      'Calls `grpc.health.v1.Health/Check` for this service, in place of a path; `""` is the server as a whole. The upstream has to speak HTTP/2.',
    ),
  path: z
    .string(expected('a path such as /healthz'))
    .regex(/^\/[\x21-\x7e]*$/, expected('a path such as /healthz'))
    .optional()
    .describe('The path to request, with or without a query. Default: `/`.'),
  host: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[\x21-\x7e]+$/)
    .optional()
    .describe('Host field. Default: the name in the upstream’s `host`, otherwise the endpoint’s.'),
  port: z.int().min(1).max(65_535).optional().describe('Port. Default: the endpoint’s.'),
  expect: z
    .array(statuses)
    .min(1, `name at least one status: ${described}`)
    .optional()
    .describe('Statuses of a healthy endpoint. Default: `[200-299]`.'),
  body: z.string().min(1).max(1_000).optional().describe('Text that the first 64 KiB of the body must contain.'),
  interval: duration
    .prefault('1s')
    .describe('Time between two checks of an endpoint, varied by up to a tenth so that checks do not coincide.'),
  timeout: duration.prefault('500ms').describe('How long a whole check may take.'),
  unhealthyAfter: z.int().min(1).max(100).default(3).describe('Failed checks in a row before it is taken out of use.'),
  healthyAfter: z.int().min(1).max(100).default(2).describe('Passed checks in a row before it is used again.'),
});

export const healthCheckSchema = written
  .superRefine(({ type, grpc, path, expect, body, host, interval, timeout }, context) => {
    if (grpc !== undefined) {
      for (const [key, value] of Object.entries({ type, path, expect, body })) {
        if (value === undefined) continue;
        const message = `\`${key}\` has no meaning with \`grpc\`, which asks a service and expects SERVING`;
        context.addIssue({ code: 'custom', path: [key], message });
      }
    }
    if (type === 'tcp') {
      for (const [key, value] of Object.entries({ path, host, expect, body })) {
        if (value === undefined) continue;
        const message = `\`${key}\` has no meaning with \`type: tcp\`, which only opens a connection`;
        context.addIssue({ code: 'custom', path: [key], message });
      }
    }
    if (timeout > interval) {
      const message = `\`timeout\` (${durationText(timeout)}) is longer than \`interval\` (${durationText(interval)}): checks would overtake each other`;
      context.addIssue({ code: 'custom', path: ['timeout'], message });
    }
  })
  .transform(
    ({
      type,
      grpc,
      path,
      host,
      port,
      expect,
      body,
      interval,
      timeout,
      unhealthyAfter,
      healthyAfter,
    }): HealthCheckConfig => ({
      kind: grpc === undefined ? (type ?? 'http') : 'grpc',
      path: path ?? '/',
      host: host ?? null,
      port: port ?? null,
      expect: expect ?? [{ from: 200, to: 299 }],
      body: body ?? null,
      service: grpc ?? '',
      intervalMs: interval,
      timeoutMs: timeout,
      unhealthyAfter,
      healthyAfter,
    }),
  )
  .describe('Checks every endpoint, once per process, and takes unhealthy ones out of use.');
