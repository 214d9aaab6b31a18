// The parts of a gateway that limits in Redis need, in this process: shared memory, the supervisor's feed, and one worker's view of both.

import { type Feed, type FeedNeed, feedKey, type RunningFeed } from '../../src/store/feed.ts';
import type { LimitRule } from '../../src/store/limiter/limit-rule.ts';
import { LimitCall, type Limiter } from '../../src/store/limiter/limiter-store.ts';
import {
  type LimitsWorker,
  openRedisLimits,
  type RedisLimitSettings,
  redisLimitNeeds,
} from '../../src/store/redis/open-redis-limits.ts';
import { RedisStore } from '../../src/store/redis/redis-store.ts';
import { limitsSource } from '../../src/store/redis/shared/limits-source.ts';
import type { LimitsNews } from '../../src/store/redis/store-failure.ts';
import type { StoreSpec } from '../../src/store/store-spec.ts';
import { lastingObjects } from './lasting-objects.ts';

/** Room for some thousand cells of the largest state. */
const TABLE_BYTES = 1 << 20;

export interface LimitGateway {
  readonly limiter: Limiter;
  readonly store: RedisStore;
  readonly news: () => LimitsNews | undefined;
  /** What `/health/ready` would report about the limits; null when they are in order. */
  readonly trouble: () => string | null;
  /** Every value that `trouble` had, in order. */
  readonly troubles: readonly (string | null)[];
  /** One call of a caller. A promise when the store has to be waited for. */
  ask(caller: number, cost?: number): boolean | Promise<boolean>;
  call(caller: number, cost?: number): LimitCall;
  close(): Promise<void>;
}

export async function openLimitGateway(
  spec: StoreSpec,
  rules: readonly LimitRule[],
  changes: Partial<RedisLimitSettings> = {},
): Promise<LimitGateway> {
  const settings = { mode: 'shared', onFailure: 'local', tableBytes: TABLE_BYTES, answerMsMax: 3, ...changes } as const;
  const needs = redisLimitNeeds(spec, rules, settings);
  const tables = new Map(needs.tables.map(({ name, bytes }) => [name, new SharedArrayBuffer(bytes)]));
  const sharedTable = (name: string): SharedArrayBuffer => {
    const table = tables.get(name);
    if (table === undefined) throw new Error(`no need names the table ${name}`);
    return table;
  };
  const values = new Map<string, LimitsNews>();
  const running = new Map<string, RunningFeed>();
  const troubles: (string | null)[] = [];
  for (const need of needs.feeds) {
    const outlet = {
      publish: (value: LimitsNews) => void values.set(feedKey(need), value),
      report: (text: string | null) => {
        if (troubles.at(-1) !== text) troubles.push(text);
      },
      log: () => {},
      sharedTable,
    };
    running.set(feedKey(need), limitsSource.start(need.spec, outlet));
  }
  const store = new RedisStore(spec);
  const worker: LimitsWorker = {
    clock: {
      get now() {
        return performance.now();
      },
    },
    sharedTable,
    lasting: lastingObjects(),
    feed: <Value>(need: FeedNeed): Feed<Value> => ({
      get value() {
        return values.get(feedKey(need)) as Value | undefined; // Because: all feeds here carry LimitsNews.
      },
      onChange: () => () => {},
      nudge: hint => running.get(feedKey(need))?.nudge(hint),
    }),
  };
  await Promise.all([store.open(), ...[...running.values()].map(({ ready }) => ready)]);
  const limiter = openRedisLimits(store, worker, settings).open(rules);
  const reused = new LimitCall(rules.length);
  const fill = (call: LimitCall, caller: number, cost: number): LimitCall => {
    for (let at = 0; at < rules.length; at++) {
      call.keys[2 * at] = limiter.hashKeys[2 * at]! ^ Math.imul(caller, 0x9e3779b1);
      call.keys[2 * at + 1] = limiter.hashKeys[2 * at + 1]! ^ Math.imul(caller, 0x85ebca6b);
      call.costs[at] = cost;
    }
    return call;
  };
  return {
    limiter,
    store,
    news: () => [...values.values()][0],
    trouble: () => troubles.at(-1) ?? null,
    troubles,
    call: (caller, cost = 1) => fill(new LimitCall(rules.length), caller, cost),
    ask(caller, cost = 1) {
      return limiter.decide(fill(limiter.answersAtOnce ? reused : new LimitCall(rules.length), caller, cost));
    },
    async close() {
      for (const feed of running.values()) feed.stop();
      await store.close();
    },
  };
}

export function limitRule(changes: Partial<LimitRule> = {}): LimitRule {
  const rule = { identity: 'test', algorithm: 'gcra', count: 100, perMs: 1_000, ...changes } as const;
  return { burst: rule.count, ...rule };
}
