// The feed `limits`: one a process and store. Keeps shared limits in step and counts the gateways; its value tells workers how many
// there are. A worker names the limits that it counts by a nudge.

import { randomBytes } from 'node:crypto';
import type { FeedSource } from '../../feed.ts';
import type { LimitRule } from '../../limiter/limit-rule.ts';
import { LocalLimiterStore } from '../../shared-memory/local-limiter.ts';
import type { StoreSpec } from '../../store-spec.ts';
import { RedisStore } from '../redis-store.ts';
import type { LimitsNews } from '../store-failure.ts';
import { GatewayRoll } from './gateway-roll.ts';
import { LevelSync } from './level-sync.ts';
import { UseTable } from './use-table.ts';

export const LIMITS_FEED = 'limits';

/** What the feed is about: a store, and the shared memory. A type, since it is a spec of a feed. */
export type LimitsSpec = { readonly store: StoreSpec; readonly useTable: string };

/** What a worker says by a nudge. */
export interface CountedRules {
  readonly rules: readonly LimitRule[];
  /** Size of the tables in which they are counted. */
  readonly bytes: number;
}

export const limitsSource: FeedSource<LimitsNews> = {
  kind: LIMITS_FEED,
  start(spec, outlet) {
    // Because: the feed's needs are made by `redisLimitNeeds`, and by nothing else.
    const { store: storeSpec, useTable } = spec as LimitsSpec;
    const store = new RedisStore(storeSpec);
    const clock = { now: performance.now() };
    const kept = new Map<string, object>();
    const memory = {
      clock,
      sharedTable: (name: string) => outlet.sharedTable(name),
      lasting<Value extends object>(key: string, make: () => Value): Value {
        if (!kept.has(key)) kept.set(key, make());
        return kept.get(key) as Value; // Because: one kind of object a key
      },
    };
    const table = new UseTable(outlet.sharedTable(useTable));
    let isAway = true;
    let reason = '';
    let refusal: string | null = null;
    const report = () => {
      const { name } = storeSpec;
      if (isAway) outlet.report(`the store "${name}" is away${reason === '' ? '' : `: ${reason}`}`);
      else outlet.report(refusal === null ? null : `the store "${name}" refuses to count limits: ${refusal}`);
    };
    const tell = () => outlet.publish({ gateways: roll.gateways, available: !isAway });
    const roll: GatewayRoll = new GatewayRoll(
      store,
      randomBytes(8).toString('hex'),
      () => {
        sync.gateways = roll.gateways;
        tell();
      },
      code => {
        refusal = code;
        // Because: whether the store is away is not known before the first round.
        if (!isAway) report();
      },
    );
    const sync: LevelSync = new LevelSync({
      store,
      table,
      roll,
      onAvailability(available) {
        isAway = !available;
        reason = '';
        report();
        tell();
      },
      onAnswered: () => arm(),
    });
    let timer: NodeJS.Timeout | undefined;
    let isStopped = false;
    const arm = () => {
      clearTimeout(timer);
      if (!isStopped) timer = setTimeout(look, sync.nextMs);
    };
    const look = () => {
      clock.now = performance.now();
      sync.round(clock.now);
      void roll.beat(clock.now);
      // Because: why shows when it is connected to again, and the first reason does for an outage.
      if (isAway && reason === '' && store.trouble !== '') {
        reason = store.trouble;
        report();
      }
      arm();
    };
    arm();
    void roll.beat(clock.now);
    tell();
    return {
      // Because: workers count as without Redis until the first round has found it there.
      ready: store.open().then(() => {
        look();
        report();
      }),
      nudge(hint) {
        const { rules, bytes } = JSON.parse(hint) as CountedRules; // Because: only `openRedisLimits` nudges this feed
        const local = new LocalLimiterStore(memory, bytes);
        for (const rule of rules) sync.rules.add(rule, bytes, local);
      },
      stop() {
        isStopped = true;
        clearTimeout(timer);
        sync.stop();
        void roll.stop().then(() => store.close());
      },
    };
  },
};
