// The `optional` setting of identity filters: what becomes of callers who show no credential at all. src/exchange lets them pass.

import { z } from 'zod';

export interface OptionalLogin {
  /** Name of the consumer that such a caller is; null for none. */
  readonly consumer: string | null;
}

/** As it is written, so that a configuration is shown as its document says it. */
export const optionalLogin = z
  .union(
    [
      z.boolean(),
      z.strictObject({
        consumer: z
          .string()
          .min(1)
          .describe('Name of one of the `consumers`, which all callers without a credential are.'),
      }),
    ],
    { error: 'expected true, or { consumer: NAME } with one of the `consumers`' },
  )
  .default(false)
  .describe(
    'Whether a request without a credential of this kind passes: with `true` without a consumer, with `{ consumer: NAME }` as that consumer, unless an earlier filter has identified the caller. ' +
      'A credential that is shown must hold all the same: a wrong or expired one is refused. A route with such a filter is not guarded by it.',
  );

export type OptionalLoginConfig = z.output<typeof optionalLogin>;

/** Null means that a credential is required. */
export function asOptional(written: OptionalLoginConfig): OptionalLogin | null {
  if (typeof written === 'object') return written;
  return written ? { consumer: null } : null;
}

/** A filter as it stands in a checked configuration. */
interface Written {
  readonly name: string;
  readonly config: unknown;
}

/** The filters inside a filter that combines credentials; null for every other filter. */
export function combinedFilters({ config }: Written): readonly Written[] | null {
  // Because: only those filters have a list as configuration, and it is one of filters; see config/schemas/filter-schema.ts.
  return Array.isArray(config) ? (config as readonly Written[]) : null;
}

/**
 * What the filter says of callers without a credential; null when it requires one. Of filters that hold others, `anyOf` requires none as
 * soon as one of its filters does not, `allOf` only when none of them does.
 */
export function optionalOf(filter: Written): OptionalLogin | null {
  const { name, config } = filter;
  const inner = combinedFilters(filter);
  if (inner !== null) {
    const optional = inner.map(optionalOf).filter(each => each !== null);
    if (optional.length < (name === 'anyOf' ? 1 : inner.length)) return null;
    return optional.find(({ consumer }) => consumer !== null) ?? optional[0] ?? null;
  }
  if (typeof config !== 'object' || config === null || !('optional' in config)) return null;
  // Because: the schema above has made it, in every filter that has a setting of this name.
  return asOptional(config.optional as OptionalLoginConfig);
}
