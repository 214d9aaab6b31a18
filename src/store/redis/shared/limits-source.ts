// The feed `limits`: one per process and store. Keeps shared limits in step and counts the gateways; its value tells workers how many
// gateways there are, and by which secret callers are hashed. A worker names the limits that it counts by a nudge.

import { randomBytes } from 'node:crypto';
import type { FeedOutlet, FeedSource } from '../../feed.ts';
import type { LimitRule } from '../../limiter/limit-rule.ts';
import { LocalLimiterStore, type SharedMemory } from '../../shared-memory/local-limiter.ts';
import type { StoreSpec } from '../../store-spec.ts';
import { RedisStore } from '../redis-store.ts';
import type { LimitsNews } from '../store-failure.ts';
import { GatewayRoll } from './gateway-roll.ts';
import { LevelSync } from './level-sync.ts';
import { LimitSecret } from './limit-secret.ts';
import { UseTable } from './use-table.ts';

export const LIMITS_FEED = 'limits';

/** The feed's spec: a store, and the name of the shared memory. A type and not an interface, so that it can be the spec of a feed. */
export type LimitsSpec = { readonly store: StoreSpec; readonly useTable: string };

/** The hint of a worker's nudge. */
export interface CountedRules {
  readonly rules: readonly LimitRule[];
  /** Size of the tables in which the rules are counted. */
  readonly bytes: number;
}

export const limitsSource: FeedSource<LimitsNews> = {
  kind: LIMITS_FEED,
  start(spec, outlet) {
    // Because: only `redisLimitNeeds` makes needs of this kind.
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
  private readonly secret: LimitSecret;
  private readonly sync: LevelSync;
  private isAway = true;
  /** Why the store is away; empty while that is not known. */
  private reason = '';
  /** Whether the first round is over; before, it is not known whether the store is away. */
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
    this.secret = new LimitSecret(this.store, () => this.tell());
    this.sync = new LevelSync({
      store: this.store,
      table: new UseTable(outlet.sharedTable(useTable)),
      roll: this.roll,
      onAvailability: available => this.onAvailability(available),
      onAnswered: () => this.arm(),
    });
  }

  /** Until the first round has found Redis, workers count as if it were away. */
  async start(): Promise<void> {
    this.arm();
    void this.roll.beat(this.clock.now);
    this.tell();
    await this.store.open();
    // Because: callers are hashed by it from the first request on.
    await this.secret.look();
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
    this.secret.beat(clock.now);
    // Because: the reason becomes known on reconnection, and may change by then: a restarted server first loads its file.
    if (this.isAway && store.trouble !== '') this.reason = store.trouble;
    // A store that is available again is reported when the sync counts in it again.
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
    // Because: Redis may have come back empty.
    if (available) void this.secret.look();
    this.report();
    this.tell();
  }

  private tell(): void {
    this.outlet.publish({ gateways: this.roll.gateways, available: !this.isAway, secret: this.secret.value });
  }

  private report(): void {
    const { outlet, store, storeName, reason } = this;
    const { storeRefusal, partTrouble } = this.sync.refusals;
    // The connection to a replica is given up now and then to look for its master; the refusal remains the reason.
    if (storeRefusal !== null && (store.available || store.trouble === storeRefusal))
      outlet.report(`the store "${storeName}" refuses to count limits: ${storeRefusal}`);
    else if (this.isAway) outlet.report(`the store "${storeName}" is away${reason === '' ? '' : `: ${reason}`}`);
    else
      outlet.report(partTrouble === null ? null : `the store "${storeName}" does not count all limits: ${partTrouble}`);
  }
}

/** The workers' tables, for this thread, which charges them with the use of other gateways. */
function memoryOf(outlet: FeedOutlet<LimitsNews>, clock: SharedMemory['clock']): SharedMemory {
  const kept = new Map<string, { readonly value: object; readonly of: object }>();
  return {
    clock,
    sharedTable: name => outlet.sharedTable(name),
    lasting<Value extends object>(key: string, make: () => Value, of: object): Value {
      const known = kept.get(key);
      if (known?.of === of) return known.value as Value; // Because: each key has one kind of object
      const value = make();
      kept.set(key, { value, of });
      return value;
    },
  };
}
