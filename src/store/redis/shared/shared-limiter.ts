// A stack of limits decided in this gateway's shared memory, which the supervisor keeps in step with the other gateways through
// Redis. No call waits for anything.

import type { LimitRule } from '../../limiter/limit-rule.ts';
import type { LimitCall, Limiter, LimiterStore } from '../../limiter/limiter-store.ts';
import type { LimitHashKeys } from '../limit-hash-keys.ts';
import type { StoreFailure } from '../store-failure.ts';
import { ruleTag, sharedRule } from './shared-rule.ts';
import type { UseTable } from './use-table.ts';

export class SharedLimiter implements Limiter {
  readonly rules: readonly LimitRule[];
  readonly answersAtOnce = true;
  private readonly keys: Pick<LimitHashKeys, 'words'>;
  private readonly local: Limiter;
  private readonly table: UseTable;
  private readonly tags: Int32Array;
  private readonly onFailure: StoreFailure;
  /** Whole units that each limit admits at once beyond the configured burst; callers are not told of them. */
  private readonly lumps: Float64Array;

  constructor(
    rules: readonly LimitRule[],
    keys: Pick<LimitHashKeys, 'words'>,
    local: LimiterStore,
    tableBytes: number,
    table: UseTable,
    onFailure: StoreFailure,
  ) {
    this.rules = rules;
    this.keys = keys;
    const shared = rules.map(sharedRule);
    this.local = local.open(shared);
    this.lumps = Float64Array.from(rules, ({ burst }, at) => Math.floor(shared[at]!.burst - burst));
    this.table = table;
    this.tags = Int32Array.from(rules, rule => ruleTag(rule, tableBytes));
    this.onFailure = onFailure;
  }

  get hashKeys(): Int32Array {
    return this.keys.words;
  }

  decide(call: LimitCall): boolean {
    const { onFailure } = this;
    if (onFailure !== 'local' && this.isAway(call)) return this.withoutRedis(call);
    call.isCounted = true;
    // Because: a limiter in shared memory answers at once.
    const admitted = this.local.decide(call) as boolean;
    for (let at = 0; at < this.tags.length; at++) {
      call.remaining[at] = Math.max(0, call.remaining[at]! - this.lumps[at]!);
      if (admitted) this.note(call, at, call.costs[at]!);
    }
    return admitted;
  }

  charge(call: LimitCall, limit: number, units: number): void {
    this.local.charge(call, limit, units);
    this.note(call, limit, units);
  }

  private note({ keys }: LimitCall, at: number, units: number): void {
    if (units > 0) this.table.add(this.tags[at]!, keys[2 * at]!, keys[2 * at + 1]!, units);
  }

  private isAway({ keys }: LimitCall): boolean {
    for (let at = 0; at < this.tags.length; at++) if (this.table.isAway(keys[2 * at + 1]!)) return true;
    return false;
  }

  private withoutRedis(call: LimitCall): boolean {
    call.refusedBy = -1;
    call.isCounted = false;
    if (this.onFailure === 'closed') return false;
    // Calls that are let through are charged and noted, so that all gateways learn of their use when Redis is back.
    for (let at = 0; at < this.tags.length; at++) this.charge(call, at, call.costs[at]!);
    return true;
  }
}
