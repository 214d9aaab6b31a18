// One element of `routes`: the conditions on a request, what is done with it, and where it goes.

import { z } from 'zod';
import { duration, durationOrZero } from '../../base/schema/duration.ts';
import { expected } from '../../base/schema/found.ts';
import { noFilters } from '../bare-route.ts';
import type { DestinationConfig, RouteConfig } from '../config.ts';
import { routeAccessLogSchema } from './access-log-schema.ts';
import { asyncSchema } from './async-schema.ts';
import { auditSchema } from './audit-schema.ts';
import { canarySchema } from './canary-schema.ts';
import { concurrencySchema } from './concurrency-schema.ts';
import { destinationSchema } from './destination-schema.ts';
import { routeErrorPagesSchema } from './error-pages-schema.ts';
import { fallbackSchema, hedgeSchema } from './fallback-schema.ts';
import { type FilterSchema, filterOrChainSchema } from './filter-schema.ts';
import { routeLimitsSchema } from './limits-schema.ts';
import { matchSchema } from './match-schema.ts';
import { mirrorSchema } from './mirror-schema.ts';
import { resourceName } from './resource-name.ts';
import { retrySchema } from './retry-schema.ts';
import { rewriteSchema } from './rewrite-schema.ts';

const cookieName = expected('a cookie’s name');

const sticky = z
  .strictObject({
    cookie: z
      .string(cookieName)
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/, cookieName)
      .optional()
      .describe('Name of the cookie that remembers the upstream: `cardea_split`.'),
    by: z
      .literal('consumer', expected('consumer'))
      .optional()
      .describe(
        '`consumer`: the upstream is chosen by a hash of the consumer, without a cookie; of the client’s address if there is no consumer. A change of the weights moves some callers.',
      ),
  })
  .superRefine(({ cookie, by }, context) => {
    if ((cookie === undefined) !== (by === undefined)) return;
    const message = `expected either { cookie: name } or { by: consumer }, found ${cookie === undefined ? 'neither' : 'both'}`;
    context.addIssue({ code: 'custom', message });
  });

export function routeSchema(filters: readonly FilterSchema[]) {
  return routeShape(filters)
    .transform(
      (
        {
          name,
          match,
          public: isPublic,
          filters: chain,
          rewrite,
          to,
          sticky: wanted,
          timeout,
          responseTimeout,
          idleTimeout,
          retry,
          fallback,
          hedge,
          concurrency,
          priority,
          canary,
          mirror,
          async: deferral,
          limits,
          accessLog,
          errorPages,
          audit,
        },
        context,
      ): RouteConfig => {
        if (wanted !== undefined && to.kind !== 'split') {
          const message = '`sticky` needs a split: expected `to` to be a list of { upstream, weight }';
          context.addIssue({ code: 'custom', path: ['sticky'], message });
        }
        if (concurrency !== undefined && (to.kind === 'reply' || to.kind === 'redirect')) {
          const message =
            '`concurrency` has no meaning here: the gateway answers by itself, and sends nothing upstream';
          context.addIssue({ code: 'custom', path: ['concurrency'], message });
        }
        if (canary !== undefined && to.kind !== 'upstream') {
          const message = '`canary` needs a stable version beside it: expected `to` to be the name of an upstream';
          context.addIssue({ code: 'custom', path: ['canary'], message });
        }
        return {
          name,
          match,
          public: isPublic,
          filters: chain ?? noFilters,
          rewrite: rewrite ?? null,
          to: stickyTo(to, wanted),
          timeoutMs: timeout ?? null,
          ...(responseTimeout !== undefined && { responseTimeoutMs: responseTimeout }),
          ...(idleTimeout !== undefined && { idleTimeoutMs: idleTimeout }),
          ...(retry !== undefined && { retry }),
          ...(fallback !== undefined && { fallback }),
          ...(hedge !== undefined && { hedge }),
          ...(concurrency !== undefined && { concurrency }),
          ...(priority !== undefined && { priority }),
          ...(canary !== undefined && { canary }),
          ...(mirror !== undefined && { mirror }),
          ...(deferral !== undefined && { async: deferral }),
          ...(limits !== undefined && { limits }),
          ...(accessLog !== undefined && { accessLogSample: accessLog }),
          ...(errorPages !== undefined && { errorPages }),
          ...(audit !== undefined && { audit }),
        };
      },
    )
    .describe('What a request must be like, what is done with it, and where it goes.');
}

// Because: in other gateways a `priority` is any number, and decides which route wins.
const notPrecedence =
  'a priority is 0 to 9 and says which routes are refused first under overload; which route a request takes does not depend on it';

/** The fields of a route, each with its own schema. */
function routeShape(filters: readonly FilterSchema[]) {
  return z.strictObject({
    name: resourceName.describe('Name of the route, for metrics, logs and `cardea explain`.'),
    match: matchSchema,
    public: z
      .boolean()
      .default(false)
      .describe('Says that no credential is required here, by design: `cardea audit` then expects none.'),
    filters: z
      .array(filterOrChainSchema(filters))
      .optional()
      .describe('Filters after the global ones, in the order in which they run.'),
    rewrite: rewriteSchema.optional(),
    to: destinationSchema,
    sticky: sticky.optional().describe('Keeps a caller on the upstream of the split that it got first.'),
    timeout: durationOrZero
      .optional()
      .describe('The whole exchange; `0s` is no limit. Default: the upstream’s `timeout`.'),
    responseTimeout: duration.optional().describe('In place of the upstream’s `responseTimeout`.'),
    idleTimeout: duration.optional().describe('In place of the upstream’s `idleTimeout`.'),
    retry: retrySchema.optional(),
    fallback: fallbackSchema.optional(),
    hedge: hedgeSchema.optional(),
    concurrency: concurrencySchema.optional(),
    canary: canarySchema.optional(),
    mirror: mirrorSchema.optional(),
    async: asyncSchema.optional(),
    limits: routeLimitsSchema.optional(),
    accessLog: routeAccessLogSchema.optional(),
    errorPages: routeErrorPagesSchema.optional(),
    audit: auditSchema.optional(),
    priority: z
      .int()
      .min(0, notPrecedence)
      .max(9, notPrecedence)
      .optional()
      .describe('Under overload, routes with the lowest priority are refused first. See `shedding`.')
      // Documented, but not filled in: nearly all routes leave it out, and each of them would hold the value.
      .meta({ default: 5 }),
  });
}

function stickyTo(to: DestinationConfig, wanted: z.output<typeof sticky> | undefined): DestinationConfig {
  if (to.kind !== 'split' || wanted === undefined) return to;
  return wanted.by === 'consumer' ? { ...to, stickyBy: 'consumer' } : { ...to, stickyCookie: wanted.cookie ?? null };
}
