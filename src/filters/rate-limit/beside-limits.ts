// Finds settings of a single limit that are written beside a list of limits, none of which would have them.

import type { KeyPart } from '../../base/schema/budget-key.ts';
import type { CostConfig } from '../../base/schema/budget-rate.ts';

/** The settings of a single limit, with their defaults where nothing is written. */
interface SingleLimit {
  readonly name?: string | undefined;
  readonly limit?: object | undefined;
  readonly burst?: number | undefined;
  readonly algorithm: string;
  readonly by: readonly KeyPart[];
  readonly fallback: string;
  readonly cost: CostConfig;
  readonly plan: boolean;
  readonly concurrency?: number | undefined;
}

interface BesideIssue {
  readonly path: readonly string[];
  readonly message: string;
}

/** One issue for each setting that differs from its default. A default that is written out changes nothing, since every limit has it. */
export function besideLimits(single: SingleLimit): BesideIssue[] {
  const { name, limit, burst, algorithm, by: parts, fallback, cost, plan, concurrency } = single;
  const [part] = parts;
  const isWritten = {
    limit: limit !== undefined,
    concurrency: concurrency !== undefined,
    name: name !== undefined,
    burst: burst !== undefined,
    algorithm: algorithm !== 'gcra',
    by: parts.length !== 1 || part!.kind !== 'ip',
    fallback: fallback !== 'ip',
    cost: cost.each !== 1 || Object.keys(cost.routes).length > 0 || cost.responseHeader !== null,
    plan,
  };
  return Object.entries(isWritten)
    .filter(([, written]) => written)
    .map(([key]) => ({
      path: [key],
      message:
        key === 'limit' || key === 'concurrency'
          ? 'this is beside `limits`: write it as one of them'
          : 'this is beside `limits`, where it applies to none of them: write it in each',
    }));
}
