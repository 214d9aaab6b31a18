// A limit while Redis is away: this gateway's share, counted in shared memory. It is also charged while Redis answers, so that neither
// the loss nor the return of Redis gives a caller a fresh burst.

import { isBucket, type LimitRule, PER_MS_MAX } from '../limiter/limit-rule.ts';
import { LimitCall, type Limiter, type LimiterStore } from '../limiter/limiter-store.ts';

/** Larger numbers of gateways count as this one: shares would be too small to be of use. */
const GATEWAYS_MAX = 64;

function countedGateways(gateways: number): number {
  return Math.min(GATEWAYS_MAX, Math.max(1, gateways));
}

/** The share of a rule of which `gateways` together make the whole. Admits one unit at once at least. */
function shareOf(rule: LimitRule, gateways: number): LimitRule {
  if (gateways === 1) return { ...rule, identity: `share ${rule.identity}` };
  const identity = `share of ${gateways} ${rule.identity}`;
  // A log's memory has the length of its limit: a share of it would need a table of its own. It is counted by gcra.
  if (rule.algorithm === 'slidingLog') return shareOf({ ...rule, algorithm: 'gcra', burst: rule.count }, gateways);
  if (!isBucket(rule)) return { ...rule, identity, count: Math.max(1, Math.floor(rule.count / gateways)) };
  const burst = Math.max(1, Math.floor(rule.burst / gateways));
  const perMs = Math.min(PER_MS_MAX, rule.perMs * gateways);
  const count = Math.max(1, Math.floor((rule.count * perMs) / (rule.perMs * gateways)));
  return { ...rule, identity, count, perMs, burst };
}

export class LocalShare {
  private readonly rules: readonly LimitRule[];
  private readonly local: LimiterStore;
  private readonly limiters: (Limiter | undefined)[] = [];
  private readonly call: LimitCall;

  constructor(rules: readonly LimitRule[], local: LimiterStore) {
    this.rules = rules;
    this.local = local;
    this.call = new LimitCall(rules.length);
  }

  /** Decides by this gateway's share; fills in `call` as a store does. */
  decide(call: LimitCall, gateways: number): boolean {
    const { call: own } = this;
    this.copyKeys(call);
    own.costs.set(call.costs);
    // Because: a limiter in shared memory answers at once.
    const admitted = this.limiter(gateways).decide(own) as boolean;
    call.refusedBy = own.refusedBy;
    call.remaining.set(own.remaining);
    call.waitMs.set(own.waitMs);
    call.resetMs.set(own.resetMs);
    return admitted;
  }

  /** Charges here what Redis admitted through this gateway. */
  follow(call: LimitCall, gateways: number): void {
    this.copyKeys(call);
    const limiter = this.limiter(gateways);
    for (let at = 0; at < this.rules.length; at++) limiter.charge(this.call, at, call.costs[at]!);
  }

  /** Charges units of one limit that became known later. */
  charge(call: LimitCall, at: number, units: number, gateways: number): void {
    this.copyKeys(call);
    this.limiter(gateways).charge(this.call, at, units);
  }

  /**
   * Units of a limit that this gateway's callers have used and not got back yet, whatever the number of gateways was at that time: shares of
   * each size have cells of their own.
   */
  used(call: LimitCall, at: number): number {
    const { call: own, limiters, rules } = this;
    let units = 0;
    for (const [gateways, limiter] of limiters.entries()) {
      if (limiter === undefined) continue;
      this.copyKeys(call);
      own.costs.fill(0);
      void this.limiter(gateways).decide(own);
      const rule = shareOf(rules[at]!, gateways);
      const whole = isBucket(rule) ? rule.burst : rule.count;
      units += Math.max(0, whole - own.remaining[at]!);
    }
    return units;
  }

  private copyKeys(call: LimitCall): void {
    this.call.keys.set(call.keys);
  }

  /** Mixes the number of gateways into the keys, so that shares of different sizes have different cells. */
  private limiter(gateways: number): Limiter {
    const count = countedGateways(gateways);
    const { call, rules } = this;
    for (let at = 0; at < call.keys.length; at++) call.keys[at] = call.keys[at]! ^ Math.imul(count, 0x9e3779b1);
    let limiter = this.limiters[count];
    if (limiter === undefined) {
      limiter = this.local.open(rules.map(rule => shareOf(rule, count)));
      this.limiters[count] = limiter;
    }
    return limiter;
  }
}
