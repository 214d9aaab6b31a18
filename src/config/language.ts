// The language as a whole: which keys a document has, and the schema of each. How documents are loaded is in load.ts.

import { z } from 'zod';
import { durationOrZero } from '../base/schema/duration.ts';
import { expected } from '../base/schema/found.ts';
import { accessLogSchema } from './schemas/access-log-schema.ts';
import { adminSchema } from './schemas/admin-schema.ts';
import { chainSchema } from './schemas/chain-schema.ts';
import { consumerSchema } from './schemas/consumer-schema.ts';
import { errorPagesSchema } from './schemas/error-pages-schema.ts';
import { type FilterSchema, filterOrChainSchema } from './schemas/filter-schema.ts';
import { limitsSchema } from './schemas/limits-schema.ts';
import { listenerSchema } from './schemas/listener-schema.ts';
import { metricsSchema } from './schemas/metrics-schema.ts';
import { pathsSchema } from './schemas/paths-schema.ts';
import { planSchema } from './schemas/plan-schema.ts';
import { resourceName } from './schemas/resource-name.ts';
import { routeSchema } from './schemas/route-schema.ts';
import { sheddingSchema } from './schemas/shedding-schema.ts';
import { storeSchema } from './schemas/store-schema.ts';
import { upstreamSchema } from './schemas/upstream-schema.ts';

/** What a document may include: files or patterns, relative to the folder of the file that includes them. */
export const includeSchema = z
  .array(
    z.string(expected('a file or a pattern such as routes/*.yaml')).min(1, 'expected a file or a pattern, found ""'),
    expected('a list of files or patterns such as [routes/*.yaml]'),
  )
  .describe(
    'More files, from this file’s folder: names or patterns such as `routes/*.yaml`. Lists are joined, maps are merged.',
  );

/** The schemas of the single settings, of one element of each list, and of one entry of each map. */
export type Language = ReturnType<typeof makeLanguage>;

const known = new WeakMap<readonly FilterSchema[], Language>();

/** The language with these filters; the same object for the same list. */
export function languageOf(filters: readonly FilterSchema[]): Language {
  let language = known.get(filters);
  if (language === undefined) {
    language = makeLanguage(filters);
    known.set(filters, language);
  }
  return language;
}

function makeLanguage(filters: readonly FilterSchema[]) {
  return {
    settings: {
      admin: adminSchema,
      accessLog: accessLogSchema,
      drainTimeout: durationOrZero
        .prefault('30s')
        .describe(
          'How long exchanges in progress may take when the gateway stops. After a reload that replaces a store, exchanges from before it keep the old store as long. When only a listener is removed, nothing is cut.',
        ),
      limits: limitsSchema,
      paths: pathsSchema,
      metrics: metricsSchema,
      shedding: sheddingSchema,
      errorPages: errorPagesSchema.optional(),
      zone: z
        .string()
        .max(100)
        .default('')
        .describe('Where this gateway runs, such as `${env:ZONE}`: endpoints of the same `zone` are preferred.'),
    },
    elements: {
      listeners: listenerSchema,
      consumers: consumerSchema,
      filters: filterOrChainSchema(filters),
      routes: routeSchema(filters),
    },
    entries: {
      upstreams: upstreamSchema,
      stores: storeSchema,
      plans: planSchema,
      chains: chainSchema(filters),
    },
  };
}

/** Keys of a document, in the order in which they are documented. */
export const documentKeys = [
  'include',
  'listeners',
  'admin',
  'accessLog',
  'drainTimeout',
  'limits',
  'paths',
  'metrics',
  'shedding',
  'errorPages',
  'zone',
  'upstreams',
  'stores',
  'consumers',
  'plans',
  'chains',
  'filters',
  'routes',
] as const;

/** The whole document as one schema, for editors and the reference. Loading checks a document part by part instead. */
export function documentSchema({ settings, elements, entries }: Language) {
  return z.strictObject({
    include: includeSchema.optional(),
    listeners: z.array(elements.listeners).min(1).optional().describe('Addresses that accept connections.'),
    ...settings,
    upstreams: z.record(resourceName, entries.upstreams).default({}).describe('Upstreams by name.'),
    stores: z.record(resourceName, entries.stores).default({}).describe('Stores by name: Redis, PostgreSQL, SQLite.'),
    consumers: z.array(elements.consumers).default([]).describe('The callers that filters can recognise, by name.'),
    plans: z.record(resourceName, entries.plans).default({}).describe('Plans by name.'),
    chains: z
      .record(resourceName, entries.chains)
      .default({})
      .describe(
        'Lists of filters by name. `{ chain: NAME }` in `filters` of a route, or in the global `filters`, stands for them. A chain contains no other chain.',
      ),
    filters: z
      .array(elements.filters)
      .default([])
      .describe('The global chain: runs before the filters of every route.'),
    routes: z.array(elements.routes).default([]).describe('Routes; the most exact one wins.'),
  });
}
