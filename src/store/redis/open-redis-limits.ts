// Limits that several gateways share through a Redis: what a filter has to declare for them, and the limiter store that it opens.

import { createHash } from 'node:crypto';
import type { Feed, FeedNeed } from '../feed.ts';
import type { LimitRule } from '../limiter/limit-rule.ts';
import type { LimiterStore } from '../limiter/limiter-store.ts';
import { LocalLimiterStore, limitTables, type SharedMemory } from '../shared-memory/local-limiter.ts';
import type { StoreSpec } from '../store-spec.ts';
import { decideScript } from './exact/decide-script.ts';
import { ExactLimiter } from './exact/exact-limiter.ts';
import { ExactLink } from './exact/exact-link.ts';
import { LimitHashKeys } from './limit-hash-keys.ts';
import { LocalShare } from './local-share.ts';
import type { RedisStore } from './redis-store.ts';
import { type CountedRules, LIMITS_FEED } from './shared/limits-source.ts';
import { SharedLimiter } from './shared/shared-limiter.ts';
import { USE_TABLE_BYTES, UseTable } from './shared/use-table.ts';
import type { LimitsNews, StoreFailure } from './store-failure.ts';

export interface RedisLimitSettings {
  /** `shared`: decided in shared memory, no request waits, gateways are kept in step. `exact`: one script in Redis per call. */
  readonly mode: 'shared' | 'exact';
  readonly onFailure: StoreFailure;
  /** Size of the tables in shared memory, as for limits that this gateway counts alone. */
  readonly tableBytes: number;
  /** For `exact`: how many ms a decision may wait for Redis before it is made without Redis. */
  readonly answerMsMax: number;
}

/** What a worker offers to its filters, as far as limits need it. */
export interface LimitsWorker extends SharedMemory {
  feed<Value>(need: FeedNeed): Feed<Value>;
}

/**
 * Names a table for each feed, and so for each version of the store's settings: while a reload changes one, the old and the new source both
 * run, and each has to read all that its own workers write. The name reveals nothing of the password.
 */
function useTableName(store: StoreSpec): string {
  const digest = createHash('sha256').update(JSON.stringify(store)).digest('base64url');
  return `use of limits in ${store.name} ${digest}`;
}

function limitsFeed(store: StoreSpec): FeedNeed {
  return { kind: LIMITS_FEED, spec: { store, useTable: useTableName(store) } };
}

/** What a filter returns in `FilterDefinition.needs`. */
export function redisLimitNeeds(
  store: StoreSpec,
  rules: readonly LimitRule[],
  { tableBytes }: Pick<RedisLimitSettings, 'tableBytes'>,
): { tables: { name: string; bytes: number }[]; feeds: FeedNeed[] } {
  // Because: a share of a log is counted by gcra, so the table for gcra has to exist.
  const shares = rules.map((rule): LimitRule => ({ ...rule, algorithm: 'gcra' }));
  const tables = limitTables([...rules, ...shares], tableBytes);
  return {
    tables: [...tables, { name: useTableName(store), bytes: USE_TABLE_BYTES }],
    feeds: [limitsFeed(store)],
  };
}

/** Called when a filter is built. Filters with the same store and `answerMsMax` share their batches. */
export function openRedisLimits(store: RedisStore, worker: LimitsWorker, settings: RedisLimitSettings): LimiterStore {
  const { spec } = store;
  const { mode, onFailure, tableBytes, answerMsMax } = settings;
  const local = new LocalLimiterStore(worker, tableBytes);
  const news = worker.feed<LimitsNews>(limitsFeed(spec));
  if (mode === 'shared') {
    const table = new UseTable(worker.sharedTable(useTableName(spec)));
    return {
      open(rules) {
        news.nudge(JSON.stringify({ rules, bytes: tableBytes } satisfies CountedRules));
        return new SharedLimiter(
          rules,
          new LimitHashKeys(rules, spec.keyPrefix, news),
          local,
          tableBytes,
          table,
          onFailure,
        );
      },
    };
  }
  const link = linkOf(store, answerMsMax);
  return {
    open: rules =>
      new ExactLimiter({
        rules,
        hashKeys: new LimitHashKeys(rules, spec.keyPrefix, news),
        link,
        keyPrefix: spec.keyPrefix,
        isCluster: spec.kind === 'redisCluster',
        onFailure,
        share: new LocalShare(rules, local),
        news,
      }),
  };
}

const links = new WeakMap<RedisStore, Map<number, ExactLink>>();

/** One link per store and `answerMsMax`, so that the calls of all filters leave together. */
function linkOf(store: RedisStore, answerMsMax: number): ExactLink {
  const known = links.get(store) ?? new Map<number, ExactLink>();
  links.set(store, known);
  const there = known.get(answerMsMax);
  if (there !== undefined) return there;
  const link = new ExactLink(store, answerMsMax);
  known.set(answerMsMax, link);
  // Without the script in Redis, the first call sends its text, and takes longer.
  const load = () => void store.command('SCRIPT', 'LOAD', decideScript).catch(() => {});
  store.onAvailability(available => available && load());
  if (store.available) load();
  return link;
}
