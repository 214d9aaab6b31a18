// The rateLimit filter: asks its limits about each request, refuses requests beyond them, and tells callers what is left. src/store does
// the counting; caller-key.ts decides which callers share a budget.

import { CidrSet } from '../../base/cidr-set.ts';
import { Fault } from '../../base/fault.ts';
import { eventCells } from '../../exchange/event-cells.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition, FilterServices } from '../../exchange/filter.ts';
import type { Plan } from '../../exchange/identity/consumer.ts';
import type { LimitCall, LimiterStore } from '../../store/limiter/limiter-store.ts';
import { inFlightTables, LocalInFlightStore } from '../../store/shared-memory/in-flight-table.ts';
import { limitTables } from '../../store/shared-memory/local-limiter.ts';
import { LimitCell } from '../../telemetry/metric-families.ts';
import { CallerKey } from './caller-key.ts';
import type { LimitConfig, RateLimitConfig } from './config.ts';
import { DryRunLog } from './dry-run-log.ts';
import { InFlight } from './in-flight.ts';
import { limitField, retryAfter, tightest, wholeSeconds } from './limit-headers.ts';
import { type KeyedLimit, LimitStack, ruleOf } from './limit-stack.ts';
import { limitStoreNeeds, openLimitStore } from './limit-store.ts';

const events = [
  'admitted',
  'refused',
  'refused_in_flight',
  'would_refuse',
  'exempt',
  'fallback',
  'charged',
  'store_away',
] as const;

export const rateLimitFilter: FilterDefinition<RateLimitConfig> = {
  name: 'rateLimit',
  events,
  needs(config, context) {
    const { limits, memoryBytes } = config;
    const rules = limits.flatMap(limit => (limit.rate === null ? [] : [ruleOf(limit, '', null)]));
    const inFlight = limits.some(({ concurrency }) => concurrency !== null) ? inFlightTables(memoryBytes) : [];
    const { tables, feeds } = limitStoreNeeds(rules, config, context);
    return {
      tables: [...limitTables(rules, memoryBytes), ...inFlight, ...tables],
      feeds,
      limits: limits.map(({ name }) => name),
    };
  },
  build: (config, services) => new RateLimit(config, services),
};

/** The state of one exchange. Only exchanges have one for which headers, a later charge or tickets remain. */
interface RateLimitState {
  readonly stack: LimitStack | null;
  /** Null when nothing may be charged later. */
  readonly call: LimitCall | null;
  readonly tickets: number[] | null;
  limit: string;
  legacy: readonly [limit: number, remaining: number, reset: number] | null;
}

class RateLimit implements Filter {
  readonly onResponse?: (exchange: Exchange) => void;
  readonly onEnd?: (exchange: Exchange) => void;
  private readonly config: RateLimitConfig;
  private readonly services: FilterServices;
  private readonly rated: readonly KeyedLimit[];
  private readonly store: LimiterStore;
  private readonly standard: LimitStack | null;
  private readonly byPlan = new WeakMap<Plan, LimitStack>();
  private readonly goesByPlan: boolean;
  private readonly charges: boolean;
  private readonly inFlight: InFlight | null;
  private readonly exceptIps: CidrSet | null;
  private readonly exceptConsumers: ReadonlySet<string> | null;
  private readonly dryRunLog: DryRunLog;
  /** The first metric cell of each limit, by name. */
  private readonly limitCells: ReadonlyMap<string, number>;
  /** The cells in which limits with a rate count admitted requests. */
  private readonly admittedCells: readonly number[];
  private readonly cells: Readonly<Record<(typeof events)[number], number>>;

  constructor(config: RateLimitConfig, services: FilterServices) {
    const { limits, memoryBytes, ipv6Prefix, except } = config;
    this.config = config;
    this.services = services;
    this.store = openLimitStore(config, services);
    const keyed = limits.map(each => ({
      config: each,
      key: new CallerKey(each.by, each.fallback, ipv6Prefix),
      place: placeOf(each, config, services),
    }));
    this.rated = keyed.filter(each => each.config.rate !== null);
    this.standard = this.rated.length === 0 ? null : new LimitStack(this.rated, null, this.store);
    this.goesByPlan = this.rated.some(each => each.config.plan);
    this.charges = this.rated.some(each => each.config.cost.responseHeader !== null);
    const bounded = keyed.filter(each => each.config.concurrency !== null);
    this.inFlight =
      bounded.length === 0 ? null : new InFlight(bounded, new LocalInFlightStore(services.worker, memoryBytes));
    this.exceptIps = except.ips.length === 0 ? null : new CidrSet(except.ips);
    this.exceptConsumers = except.consumers.length === 0 ? null : new Set(except.consumers);
    this.dryRunLog = new DryRunLog(services);
    this.limitCells = new Map(limits.map(({ name }) => [name, services.limitCells(name)]));
    this.admittedCells = this.rated.map(each => this.limitCells.get(each.config.name)! + LimitCell.admitted);
    this.cells = eventCells(events, services);
    const speaks = this.standard !== null && !config.dryRun && (config.headers !== 'never' || config.legacyHeaders);
    // Because: a hook that exists is called for every exchange.
    if (speaks || this.charges) this.onResponse = exchange => this.answer(exchange);
    if (this.inFlight !== null) this.onEnd = exchange => this.end(exchange);
  }

  onRequest(exchange: Exchange): void | Promise<void> {
    if (this.isExempt(exchange)) {
      this.count('exempt');
      return;
    }
    const tickets = this.inFlight === null ? null : this.inFlight.enter(exchange);
    if (this.inFlight !== null && tickets === null) {
      if (!this.config.dryRun) {
        this.count('refused_in_flight');
        this.countFor(this.inFlight.refusedName, LimitCell.refused);
        exchange.refuse(this.inFlight.refusal, retryInASecond);
        return;
      }
      this.wouldRefuse(this.inFlight.refusedName);
    }
    const stack = this.stackFor(exchange);
    if (stack === null) {
      this.count('admitted');
      if (tickets !== null) this.keep(exchange, null, null, tickets);
      return;
    }
    const call = stack.call(exchange, this.charges);
    if (stack.lacked) this.count('fallback');
    const decision = stack.limiter.decide(call);
    if (typeof decision === 'boolean') this.carryOut(exchange, stack, call, decision, tickets);
    else {
      // Because: the exchange may end while the store is asked, and its tickets must be given back then.
      this.keep(exchange, stack, null, tickets);
      return decision.then(admitted => {
        if (!exchange.ended) this.carryOut(exchange, stack, call, admitted, tickets);
      });
    }
  }

  private carryOut(
    exchange: Exchange,
    stack: LimitStack,
    call: LimitCall,
    admitted: boolean,
    tickets: number[] | null,
  ): void {
    const { dryRun, headers, legacyHeaders } = this.config;
    const passes = admitted || dryRun;
    if (admitted) this.countAdmitted();
    else if (dryRun) this.wouldRefuse(stack.configuredName(call.refusedBy) ?? 'store away');
    else this.refuse(exchange, stack, call);
    if (!passes && tickets !== null) this.inFlight!.leave(tickets);
    // Because: while the store is away and `open` or `closed` decides, nothing is known here; the call may hold another caller's data.
    const tells = !dryRun && call.isCounted;
    const speaks = tells && (headers === 'always' || (headers === 'refused' && !admitted));
    const speaksLegacy = tells && legacyHeaders && (headers !== 'refused' || !admitted);
    if (!speaks && !speaksLegacy && !this.charges && tickets === null) return;
    const state = this.keep(exchange, stack, this.charges && passes ? call : null, passes ? tickets : null);
    if (speaks) state.limit = limitField(stack.names, call);
    if (speaksLegacy) state.legacy = legacyFigures(stack, call);
  }

  private refuse(exchange: Exchange, stack: LimitStack, call: LimitCall): void {
    if (call.refusedBy === -1) {
      this.count('store_away');
      exchange.refuse(storeAway, retryInASecond);
      return;
    }
    this.count('refused');
    this.countFor(stack.configuredName(call.refusedBy)!, LimitCell.refused);
    const seconds = retryAfter(call);
    exchange.refuse(stack.refusals[call.refusedBy]!, seconds === 0 ? [] : [['Retry-After', String(seconds)]]);
  }

  private answer(exchange: Exchange): void {
    const state = this.stateOf(exchange);
    if (state === null) return;
    const { stack, call, limit, legacy } = state;
    if (call !== null) {
      stack!.charge(exchange, call);
      this.count('charged');
      // Because: what this response cost is no longer there for the next request.
      if (limit !== '') state.limit = limitField(stack!.names, call);
      if (legacy !== null) state.legacy = legacyFigures(stack!, call);
    }
    this.tell(exchange, state);
  }

  private tell(exchange: Exchange, { stack, limit, legacy }: RateLimitState): void {
    const { headers } = exchange.response!;
    if (limit !== '') {
      headers.appendTrusted('RateLimit-Policy', stack!.policy);
      headers.appendTrusted('RateLimit', limit);
    }
    if (legacy !== null) {
      headers.appendTrusted('X-RateLimit-Limit', String(legacy[0]));
      headers.appendTrusted('X-RateLimit-Remaining', String(legacy[1]));
      headers.appendTrusted('X-RateLimit-Reset', String(legacy[2]));
    }
  }

  private end(exchange: Exchange): void {
    const tickets = this.stateOf(exchange)?.tickets ?? null;
    if (tickets === null) return;
    exchange.state[this.services.slot] = undefined;
    this.inFlight!.leave(tickets);
  }

  private isExempt({ client, consumer }: Exchange): boolean {
    if (this.exceptIps?.has(client.ip) === true) return true;
    return consumer !== null && this.exceptConsumers?.has(consumer.name) === true;
  }

  /** The limits with the rates of the caller's plan, if that has some; otherwise the standard ones. */
  private stackFor({ consumer, snapshot }: Exchange): LimitStack | null {
    if (!this.goesByPlan || consumer === null || consumer.plan === null) return this.standard;
    const plan = snapshot.consumers.plan(consumer.plan);
    if (plan === undefined || plan.rates === null) return this.standard;
    let stack = this.byPlan.get(plan);
    if (stack === undefined) {
      stack = new LimitStack(this.rated, plan, this.store);
      this.byPlan.set(plan, stack);
    }
    return stack;
  }

  private keep(
    exchange: Exchange,
    stack: LimitStack | null,
    call: LimitCall | null,
    tickets: number[] | null,
  ): RateLimitState {
    const state: RateLimitState = { stack, call, tickets, limit: '', legacy: null };
    exchange.state[this.services.slot] = state;
    return state;
  }

  private stateOf({ state }: Exchange): RateLimitState | null {
    // Because: nobody else writes into this filter's cell.
    return (state[this.services.slot] as RateLimitState | undefined) ?? null;
  }

  private wouldRefuse(limit: string): void {
    this.count('would_refuse');
    this.countFor(limit, LimitCell.wouldRefuse);
    this.dryRunLog.note(limit);
  }

  private countAdmitted(): void {
    this.count('admitted');
    const { cells } = this.services.worker;
    const { admittedCells } = this;
    for (let i = 0; i < admittedCells.length; i++) cells[admittedCells[i]!]!++;
  }

  private countFor(limit: string, outcome: number): void {
    const cell = this.limitCells.get(limit);
    if (cell !== undefined) this.services.worker.cells[cell + outcome]!++;
  }

  private count(event: (typeof events)[number]): void {
    this.services.worker.cells[this.cells[event]]!++;
  }
}

/** The figures of X-RateLimit-Limit, -Remaining and -Reset. */
function legacyFigures({ limiter }: LimitStack, call: LimitCall): readonly [number, number, number] {
  const at = tightest(call);
  const until = call.waitMs[at]! > 0 ? call.waitMs[at]! : call.resetMs[at]!;
  return [limiter.rules[at]!.count, call.remaining[at]!, wholeSeconds(until)];
}

/**
 * What distinguishes budgets with the same name and `by`: the route or the shared budget that it names, whether it is a dry run, and the
 * index among equal filters of a chain. If two filters of a chain shared a budget, both would charge each request, and a dry run would use
 * up the limit that is in force.
 */
function placeOf(
  { name, by }: LimitConfig,
  { dryRun, budget }: RateLimitConfig,
  { routeName, countEarlierUses }: FilterServices,
): string {
  const whose = routeName === '' ? 'all routes' : budget === null ? `route ${routeName}` : `budget ${budget}`;
  const place = `${dryRun ? 'dry run, ' : ''}${whose}`;
  const before = countEarlierUses(`rateLimit ${dryRun} ${budget ?? ''} ${name} ${JSON.stringify(by)}`);
  return before === 0 ? place : `${before + 1}. of ${place}`;
}

const storeAway = new Fault('limits_unavailable');
const retryInASecond = [['Retry-After', '1']] as const;
