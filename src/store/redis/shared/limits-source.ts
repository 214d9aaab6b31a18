// The feed `limits`: one a process and store. Keeps shared limits in step and counts the gateways; its value tells workers how many
// there are. A worker names the limits that it counts by a nudge.

import { randomBytes } from 'node:crypto';
import type { FeedOutlet, FeedSource } from '../../feed.ts';
import type { LimitRule } from '../../limiter/limit-rule.ts';
import { LocalLimiterStore, type SharedMemory } from '../../shared-memory/local-limiter.ts';
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
    const follower = new LimitsFollower(spec as LimitsSpec, outlet);
    return {
      ready: follower.start(),
      nudge: hint => follower.count(JSON.parse(hint) as CountedRules), // Because: only `openRedisLimits` nudges this feed
      stop: () => follower.stop(),
    };
  },
};

class LimitsFollower {
  private readonly outlet: FeedOutlet<LimitsNews>;
  private readonly storeName: string;
  private readonly store: RedisStore;
  private readonly clock = { now: performance.now() };
  private readonly memory: SharedMemory;
  private readonly roll: GatewayRoll;
  private readonly sync: LevelSync;
  private isAway = true;
  /** Why the store is away, once it is known. */
  private reason = '';
  /** Whether the first round is over: before, nobody knows whether the store is away. */
  private hasLooked = false;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor({ store: storeSpec, useTable }: LimitsSpec, outlet: FeedOutlet<LimitsNews>) {
    this.outlet = outlet;
    this.storeName = storeSpec.name;
    this.store = new RedisStore(storeSpec);
    this.memory = memoryOf(outlet, this.clock);
    this.roll = new GatewayRoll(
      this.store,
      randomBytes(8).toString('hex'),
      () => this.onRollCalled(),
      () => this.onRefused(),
    );
    this.sync = new LevelSync({
      store: this.store,
      table: new UseTable(outlet.sharedTable(useTable)),
      roll: this.roll,
      onAvailability: available => this.onAvailability(available),
      onAnswered: () => this.arm(),
    });
  }

  /** Workers count as without Redis until the first round has found it there. */
  async start(): Promise<void> {
    this.arm();
    void this.roll.beat(this.clock.now);
    this.tell();
    await this.store.open();
    this.look();
    this.hasLooked = true;
    this.report();
  }

  count({ rules, bytes }: CountedRules): void {
    const local = new LocalLimiterStore(this.memory, bytes);
    for (const rule of rules) this.sync.rules.add(rule, bytes, local);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.sync.stop();
    void this.roll.stop().then(() => this.store.close());
  }

  private arm(): void {
    clearTimeout(this.timer);
    if (!this.isStopped) this.timer = setTimeout(() => this.look(), this.sync.nextMs);
  }

  private look(): void {
    const { clock, store, roll } = this;
    clock.now = performance.now();
    this.sync.round(clock.now);
    void roll.beat(clock.now);
    // Because: why shows when it is connected to again, and may be another one by then: it was restarted, and reads its file.
    if (this.isAway && store.trouble !== '') this.reason = store.trouble;
    // One that counts again is told of when it is found there.
    if (this.hasLooked && (!this.isAway || roll.refusal !== null || !store.available)) this.report();
    this.arm();
  }

  private onRollCalled(): void {
    this.sync.gateways = this.roll.gateways;
    this.tell();
  }

  private onRefused(): void {
    if (this.hasLooked) this.look();
  }

  private onAvailability(available: boolean): void {
    this.isAway = !available;
    this.reason = '';
    this.report();
    this.tell();
  }

  private tell(): void {
    this.outlet.publish({ gateways: this.roll.gateways, available: !this.isAway });
  }

  private report(): void {
    const { outlet, store, storeName, reason } = this;
    const { ofAll, ofSome } = this.sync.refusals;
    // A replica is left for a moment, ever so often, to look for its master.
    if (ofAll !== null && (store.available || store.trouble === ofAll))
      outlet.report(`the store "${storeName}" refuses to count limits: ${ofAll}`);
    else if (this.isAway) outlet.report(`the store "${storeName}" is away${reason === '' ? '' : `: ${reason}`}`);
    else outlet.report(ofSome === null ? null : `the store "${storeName}" does not count all limits: ${ofSome}`);
  }
}

/** The workers' tables, for this thread, which counts in them for other gateways. */
function memoryOf(outlet: FeedOutlet<LimitsNews>, clock: SharedMemory['clock']): SharedMemory {
  const kept = new Map<string, { readonly value: object; readonly of: object }>();
  return {
    clock,
    sharedTable: name => outlet.sharedTable(name),
    lasting<Value extends object>(key: string, make: () => Value, of: object): Value {
      const known = kept.get(key);
      if (known?.of === of) return known.value as Value; // Because: one kind of object a key
      const value = make();
      kept.set(key, { value, of });
      return value;
    },
  };
}
