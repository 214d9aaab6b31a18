// Where a filter's limits are counted: in this process's memory, or in a Redis together with other gateways.

import type { FilterServices } from '../../exchange/filter.ts';
import type { FilterNeeds, NeedsContext } from '../../exchange/worker-services.ts';
import type { LimitRule } from '../../store/limiter/limit-rule.ts';
import type { LimiterStore } from '../../store/limiter/limiter-store.ts';
import { openRedisLimits, redisLimitNeeds } from '../../store/redis/open-redis-limits.ts';
import { LocalLimiterStore } from '../../store/shared-memory/local-limiter.ts';
import type { RateLimitConfig } from './config.ts';

type StoreSettings = Pick<RateLimitConfig, 'store' | 'mode' | 'onStoreFailure' | 'memoryBytes' | 'answerMsMax'>;

/** What the store needs beside the tables of local limits. */
export function limitStoreNeeds(
  rules: readonly LimitRule[],
  { store, memoryBytes }: StoreSettings,
  context: NeedsContext,
): Required<Pick<FilterNeeds, 'tables' | 'feeds'>> {
  return store === 'local'
    ? { tables: [], feeds: [] }
    : redisLimitNeeds(context.store(store), rules, { tableBytes: memoryBytes });
}

/** Throws a `TypeError` for a store that cannot count limits. */
export function openLimitStore(
  { store: name, mode, onStoreFailure, memoryBytes, answerMsMax }: StoreSettings,
  services: FilterServices,
): LimiterStore {
  if (name === 'local') return new LocalLimiterStore(services.worker, memoryBytes);
  const store = services.store(name);
  if (store.kind !== 'redis')
    throw new TypeError(`rateLimit counts in a Redis or in \`local\` memory; the store "${name}" is ${store.kind}`);
  return openRedisLimits(store, services.worker, {
    mode,
    onFailure: onStoreFailure,
    tableBytes: memoryBytes,
    answerMsMax,
  });
}
