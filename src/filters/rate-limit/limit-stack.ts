// The limits of one filter for the callers of one plan: rules, keys and policy header. Decides nothing itself.

import { Fault } from '../../base/fault.ts';
import { KeyedHash } from '../../base/keyed-hash.ts';
import { type Rate, rateName } from '../../base/rate.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Plan } from '../../exchange/identity/consumer.ts';
import { COUNT_MAX, type LimitRule, LOG_COUNT_MAX, PER_SECOND_MAX } from '../../store/limiter/limit-rule.ts';
import { LimitCall, type Limiter, type LimiterStore } from '../../store/limiter/limiter-store.ts';
import type { CallerKey } from './caller-key.ts';
import type { LimitConfig } from './config.ts';
import { policyField } from './limit-headers.ts';

const hash = new KeyedHash();

/** A limit and the key by which its callers are counted. */
export interface KeyedLimit {
  readonly config: LimitConfig;
  readonly key: CallerKey;
  /** The place of the filter, made unique among filters there whose limits have the same name and `by`. */
  readonly place: string;
}

/** A limit as it is counted for the callers of a plan. */
interface CountedLimit extends KeyedLimit {
  /** The name that callers are told. */
  readonly name: string;
  /** The rate of the plan in place of the limit's own; null for that. */
  readonly granted: Rate | null;
}

/** The limit itself, or in its place one limit for each rate of the plan. */
function countedFor(limit: KeyedLimit, plan: Plan | null): CountedLimit[] {
  const { name, plan: goesByPlan } = limit.config;
  const rates = goesByPlan ? (plan?.rates ?? null) : null;
  if (rates === null) return [{ ...limit, name, granted: null }];
  return rates.map(granted => ({ ...limit, name: rateName(name, granted, rates.length === 1), granted }));
}

/** The rule of a limit. `place` keeps budgets of different filters apart. A plan's rate is capped to what can be counted. */
export function ruleOf(
  { name, rate, burst, algorithm, by }: LimitConfig,
  place: string,
  granted: Rate | null,
): LimitRule {
  const identity = `${place} ${name} ${JSON.stringify(by)}`;
  if (granted === null) return { identity, algorithm, count: rate!.count, perMs: rate!.perMs, burst };
  const countMax = Math.min(
    algorithm === 'slidingLog' ? LOG_COUNT_MAX : COUNT_MAX,
    (PER_SECOND_MAX * granted.perMs) / 1_000,
  );
  const count = Math.min(granted.count, countMax);
  return { identity, algorithm, count, perMs: granted.perMs, burst: count };
}

export class LimitStack {
  readonly limiter: Limiter;
  readonly names: readonly string[];
  readonly policy: string;
  readonly refusals: readonly Fault[];
  private readonly limits: readonly CountedLimit[];
  private readonly scratch: LimitCall;
  /** Whether the request of the last `call` lacked a value that a limit needs. */
  lacked = false;

  constructor(configured: readonly KeyedLimit[], plan: Plan | null, store: LimiterStore) {
    const limits = configured.flatMap(limit => countedFor(limit, plan));
    this.limits = limits;
    this.names = limits.map(({ name }) => name);
    this.refusals = this.names.map(name => new Fault('rate_limited', `The limit "${name}" is used up.`));
    // Because: the limits of a stack are locked together and a single limit is not, so the two must not share cells.
    const kind = limits.length === 1 ? 'alone' : 'stacked';
    const rules = limits.map(({ config, place, granted }) => ruleOf(config, `${kind} ${place}`, granted));
    this.limiter = store.open(rules);
    this.policy = policyField(this.names, rules);
    this.scratch = new LimitCall(limits.length);
  }

  /** The name of a limit in the configuration, by which it is counted in metrics whatever the plan. */
  configuredName(at: number): string | undefined {
    return this.limits[at]?.config.name;
  }

  /**
   * The call for a request. With `isKept`, or a store that does not decide at once, a new object; otherwise one that is valid until the
   * next call.
   */
  call(exchange: Exchange, isKept: boolean): LimitCall {
    const { limits, limiter } = this;
    const { hashKeys } = limiter;
    const call = isKept || !limiter.answersAtOnce ? new LimitCall(limits.length) : this.scratch;
    this.lacked = false;
    for (let i = 0; i < limits.length; i++) {
      const { key, config } = limits[i]!;
      if (!key.hash(hash, hashKeys[2 * i]!, hashKeys[2 * i + 1]!, exchange)) this.lacked = true;
      call.keys[2 * i] = hash.low;
      call.keys[2 * i + 1] = hash.high;
      call.costs[i] = costOf(config, exchange);
    }
    return call;
  }

  /** Charges what the response's header says beyond the cost already taken. The gateway's own responses charge nothing. */
  charge(exchange: Exchange, call: LimitCall): void {
    if (exchange.answeredBy !== 'upstream') return;
    for (let i = 0; i < this.limits.length; i++) {
      const { responseHeader } = this.limits[i]!.config.cost;
      if (responseHeader === null) continue;
      const units = unitsFrom(exchange.response?.headers.get(responseHeader));
      const more = units - call.costs[i]!;
      if (more <= 0) continue;
      this.limiter.charge(call, i, more);
      call.correctForCharge(i, more, this.limiter.rules[i]!);
    }
  }
}

function costOf({ cost }: LimitConfig, exchange: Exchange): number {
  const { routes } = cost;
  const { routeName } = exchange;
  return Object.hasOwn(routes, routeName) ? routes[routeName]! : cost.each;
}

/** The units in a header; 0 unless it is a whole number of at most nine digits. */
function unitsFrom(text: string | undefined): number {
  return text !== undefined && /^[0-9]{1,9}$/.test(text) ? Math.min(Number(text), COUNT_MAX) : 0;
}
