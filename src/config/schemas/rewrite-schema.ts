// A route's `rewrite`: what goes upstream in place of the path and host received.

import { z } from 'zod';
import { expected } from '../../base/schema/found.ts';
import type { RewriteConfig } from '../config.ts';

const absolute = expected('a path that starts with /');

export const rewriteSchema = z
  .strictObject({
    stripPrefix: z
      .string(absolute)
      .regex(/^\//, absolute)
      .optional()
      .describe('Prefix to remove from the path: `/api`.'),
    path: z
      .string(absolute)
      .regex(/^\//, absolute)
      .optional()
      .describe(
        'The new path; `{id}` stands for the parameter `id` of the route’s path, `{rest*}` for one with slashes.',
      ),
    host: z
      .string(expected('a host'))
      .min(1, 'expected a host, found ""')
      .optional()
      .describe('The `Host` that the upstream gets. Default: as the upstream’s `host` says, which is the client’s.'),
  })
  .superRefine(({ stripPrefix, path, host }, context) => {
    if (stripPrefix !== undefined && path !== undefined) {
      const message = '`stripPrefix` and `path` exclude each other: `path` replaces all of it';
      context.addIssue({ code: 'custom', path: ['stripPrefix'], message });
    }
    if (stripPrefix === undefined && path === undefined && host === undefined) {
      context.addIssue({ code: 'custom', message: 'expected `stripPrefix`, `path` or `host`, found none' });
    }
  })
  .transform(
    ({ stripPrefix, path, host }): RewriteConfig => ({
      stripPrefix: stripPrefix ?? '',
      path: path ?? '',
      host: host ?? '',
    }),
  )
  .describe('What goes upstream in place of the path and host received.');
