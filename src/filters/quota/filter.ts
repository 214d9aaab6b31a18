// The quota filter: asks this worker's quota book whether a caller's period has room, and tells callers what is left. src/store/quota keeps
// the sums; calendar-period.ts determines the period.

import { Fault } from '../../base/fault.ts';
import { flatText } from '../../base/latin1.ts';
import { eventCells } from '../../exchange/event-cells.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Filter, FilterDefinition, FilterServices } from '../../exchange/filter.ts';
import { sourceOf } from '../../exchange/identity/login-source.ts';
import { ledgerIn } from '../../store/quota/ledger-in.ts';
import { QuotaBook, type QuotaLine } from '../../store/quota/quota-book.ts';
import { type CalendarPeriod, periodOf } from './calendar-period.ts';
import { dayOf, unitOf } from './calendar-unit.ts';
import type { QuotaConfig, QuotaLimit } from './config.ts';
import { LogSink } from './log-sink.ts';
import type { MeteredUse } from './metering.ts';

const events = ['admitted', 'refused', 'would_refuse', 'fallback', 'warned', 'store_away'] as const;

/** A quota of one exchange. Callers with different limits, because of their plans or routes, may share a line. */
interface QuotaState {
  /** The name that callers are told. */
  readonly name: string;
  readonly line: QuotaLine;
  readonly period: CalendarPeriod;
  readonly limit: number;
  /** From this sum on, a request of this cost is refused. */
  readonly usedUpAt: number;
  /** The next quota that the request must fit into, where the plan has several. */
  readonly next: QuotaState | null;
}

/** Whose usage a line of the book counts, for reports of it. `limit` is that of the last exchange. */
interface Account {
  readonly unit: QuotaLimit['unit'];
  readonly period: CalendarPeriod;
  readonly caller: string;
  readonly by: string;
  limit: number;
}

/** A quota book of this worker, with the accounts behind its lines. */
interface Desk {
  readonly book: QuotaBook;
  readonly accounts: WeakMap<QuotaLine, Account>;
  /**
   * The highest cost of a request that may be refused, over all filters that share the book: each share is reported once, whichever filter
   * passes it.
   */
  dearest: number;
}

const exceeded = new Fault('quota_exceeded');
const storeAway = new Fault('limits_unavailable');

export const quotaFilter: FilterDefinition<QuotaConfig> = {
  name: 'quota',
  events,
  build: (config, services) => new Quota(config, services),
};

class Quota implements Filter {
  readonly onResponse?: (exchange: Exchange) => void;
  private readonly config: QuotaConfig;
  private readonly services: FilterServices;
  private readonly desk: Desk;
  private readonly softest: number;
  private readonly cells: Readonly<Record<(typeof events)[number], number>>;
  /** The current period, by unit and start day. */
  private readonly periods = new Map<string, CalendarPeriod>();

  constructor(config: QuotaConfig, services: FilterServices) {
    this.config = config;
    this.services = services;
    this.desk = deskOf(config, services);
    if (config.enforce) this.desk.dearest = Math.max(this.desk.dearest, config.cost);
    this.softest = Math.min(...config.soft);
    this.cells = eventCells(events, services);
    if (config.headers || config.soft.length > 0) this.onResponse = exchange => this.answer(exchange);
  }

  onRequest(exchange: Exchange): void | Promise<void> {
    const first = this.stateOf(exchange);
    exchange.state[this.services.slot] = first;
    const { book } = this.desk;
    let answer: Promise<void> | null = null;
    for (let state: QuotaState | null = first; state !== null; state = state.next) {
      const { line, limit } = state;
      if (line.isKnown && !book.isDoubtful(line, this.config.cost, limit)) continue;
      // Because: a store that is away is asked again in the background, so that a caller that is refused now can succeed later. Questions of
      // one turn share a report, so the last answer is there when all are.
      const asked = book.ask(line);
      if (!book.isAway(line)) answer = asked;
    }
    if (answer === null) {
      this.decide(exchange, first);
      return;
    }
    return answer.then(() => {
      if (!exchange.ended) this.decide(exchange, first);
    });
  }

  /** All quotas must have room for the request, or none is charged. One whose sum is unknown, without the store, has room. */
  private decide(exchange: Exchange, first: QuotaState): void {
    const { book } = this.desk;
    const { cost, enforce, onStoreFailure } = this.config;
    let beyond: QuotaState | null = null;
    let isKnown = true;
    for (let state: QuotaState | null = first; state !== null; state = state.next) {
      const { line, limit, period } = state;
      if (!line.isKnown) isKnown = false;
      else if (line.sum + cost > limit) {
        if (enforce) book.reconsider(line);
        if (beyond === null || beyond.period.endMs < period.endMs) beyond = state;
      }
    }
    if (!isKnown && onStoreFailure === 'closed') {
      this.count('store_away');
      exchange.refuse(storeAway, [['Retry-After', '1']]);
    } else if (beyond !== null && enforce) {
      this.count('refused');
      exchange.refuse(exceeded, [['Retry-After', String(secondsUntil(beyond.period.endMs))]]);
    } else {
      this.count(!isKnown ? 'store_away' : beyond === null ? 'admitted' : 'would_refuse');
      for (let state: QuotaState | null = first; state !== null; state = state.next)
        book.use(state.line, cost, state.limit);
    }
  }

  private answer(exchange: Exchange): void {
    // Because: nobody else writes into this filter's cell.
    let state = exchange.state[this.services.slot] as QuotaState | null | undefined;
    for (; state; state = state.next) this.tell(exchange, state);
  }

  private tell(exchange: Exchange, { name, line, limit, usedUpAt, period }: QuotaState): void {
    // Because: without the store, it is unknown what this caller has used.
    if (!line.isKnown) return;
    const { headers } = exchange.response!;
    const { headers: speaks, soft } = this.config;
    if (speaks) {
      const seconds = Math.round((period.endMs - period.startMs) / 1_000);
      headers.appendTrusted('RateLimit-Policy', `"${name}";q=${limit};w=${seconds}`);
      const left = Math.max(0, limit - line.sum);
      headers.appendTrusted('RateLimit', `"${name}";r=${left};t=${secondsUntil(period.endMs)}`);
    }
    if (soft.length === 0 || line.sum < markOf(this.softest, limit, usedUpAt)) return;
    const passed = Math.max(...soft.filter(share => line.sum >= markOf(share, limit, usedUpAt)));
    headers.appendTrusted('Quota-Warning', `"${name}";used=${Math.round(passed * 100)}`);
  }

  private stateOf(exchange: Exchange): QuotaState {
    const { consumer, client, snapshot } = exchange;
    const { by, plan: goesByPlan, limit: own, name } = this.config;
    const caller =
      by === 'consumer'
        ? consumer?.name
        : by === 'tenant'
          ? consumer?.tenant
          : by === 'key'
            ? keyOf(exchange)
            : by === 'global'
              ? 'all'
              : client.ip;
    const lacks = caller === undefined || caller === null || caller === '';
    if (lacks) this.count('fallback');
    const kind = lacks ? 'ip' : by;
    const who = kind === 'ip' ? sourceOf(client.ip) : caller!;
    const granted = goesByPlan && consumer?.plan ? snapshot.consumers.plan(consumer.plan)?.quotas : null;
    if (!granted) return this.stateFor(exchange, own, name, kind, who, null);
    let state: QuotaState | null = null;
    for (let at = granted.length - 1; at >= 0; at--) {
      const { count, perMs } = granted[at]!;
      // Because: a plan's quota is one of these units.
      const unit = unitOf(perMs)!;
      const told = granted.length === 1 ? name : `${name}-${unit}`;
      state = this.stateFor(exchange, { count, unit }, told, kind, who, state);
    }
    return state!; // Because: a plan with quotas has one at least
  }

  private stateFor(
    exchange: Exchange,
    { count, unit }: QuotaLimit,
    name: string,
    kind: QuotaConfig['by'],
    who: string,
    next: QuotaState | null,
  ): QuotaState {
    const { name: book, cost, enforce } = this.config;
    const period = this.periodNow(unit, this.startDayOf(exchange));
    const line = this.desk.book.line(`${book}:${unit}:${period.name}:${kind}:${who}`, period.endMs + KEPT_MS);
    const account = this.desk.accounts.get(line);
    if (account === undefined) {
      // Because: the address that a proxy reports is a slice of a request's head, and would keep all of it in memory.
      const caller = kind === 'ip' ? flatText(exchange.client.ip) : who;
      this.desk.accounts.set(line, { unit, period, caller, by: kind, limit: count });
    } else account.limit = count;
    return { name, line, period, limit: count, usedUpAt: usedUpFor(enforce ? cost : 1, count), next };
  }

  private startDayOf({ consumer }: Exchange): number {
    const { startDay } = this.config;
    if (typeof startDay === 'number') return startDay;
    return dayOf(consumer?.tags[startDay.tag]) ?? 1;
  }

  private periodNow(unit: QuotaLimit['unit'], startDay: number): CalendarPeriod {
    const now = Date.now();
    const key = `${unit}${startDay}`;
    let period = this.periods.get(key);
    if (period === undefined || now < period.startMs || now >= period.endMs) {
      period = periodOf(unit, startDay, this.config.timeZone, now);
      this.periods.set(key, period);
    }
    return period;
  }

  private count(event: (typeof events)[number]): void {
    this.services.worker.cells[this.cells[event]]!++;
  }
}

/** How long a sum is kept after the end of its period, for bills and enquiries. */
const KEPT_MS = 7 * 24 * 3_600_000;

/** The id of the caller's key, with its consumer: key ids are unique for one consumer only. Consumer names contain no space. */
function keyOf({ consumer, identity }: Exchange): string {
  const keyId = identity?.keyId ?? '';
  return keyId === '' || consumer === null ? keyId : `${consumer.name} ${keyId}`;
}

/** The sum from which on a request of this cost is refused. For a cost that never fits, the limit itself. */
function usedUpFor(cost: number, limit: number): number {
  return cost > limit ? limit : limit - cost + 1;
}

/**
 * The sum at which a share is reached. When expensive requests cannot fill a quota to the last unit, the point where it is used up for
 * them.
 */
function markOf(share: number, limit: number, usedUpAt: number): number {
  return Math.min((Math.round(share * 100) * limit) / 100, usedUpAt);
}

function secondsUntil(ms: number): number {
  return Math.max(1, Math.ceil((ms - Date.now()) / 1_000));
}

/**
 * One desk per worker for all quotas of this name and settings in this store. Bound to the store object, since a store that was removed and
 * added again is a new one.
 */
function deskOf(config: QuotaConfig, services: FilterServices): Desk {
  const store = services.store(config.store);
  const ledger = ledgerIn(store);
  if (ledger === null)
    throw new TypeError(`a quota is kept in Redis or SQLite; the store "${config.store}" is ${store.kind}`);
  const { name, soft, metering } = config;
  const { worker } = services;
  const key = `quota ${JSON.stringify([name, soft, metering])}`;
  const warned = services.eventCell('warned');
  const open = (): Desk => {
    const accounts = new WeakMap<QuotaLine, Account>();
    const sink = new LogSink(worker, metering);
    const book = new QuotaBook(ledger, {
      reported(line, units, sum) {
        const account = accounts.get(line);
        if (account === undefined) return;
        const { unit, caller, by, limit, period } = account;
        const use: MeteredUse = { quota: name, by, caller, per: unit, period: period.name, units, sum, limit };
        sink.used(use);
        for (const share of soft) {
          const mark = markOf(share, limit, usedUpFor(desk.dearest, limit));
          if (sum < mark || sum - units >= mark) continue;
          worker.cells[warned]!++;
          sink.passed(use, share);
        }
      },
      away(reason) {
        if (reason !== null)
          worker.log('warn', 'quotas are not kept: their store is away', { store: store.spec.name, reason });
        else worker.log('info', 'quotas are kept again', { store: store.spec.name });
      },
    });
    store.onClose(() => book.close());
    const desk: Desk = { book, accounts, dearest: 1 };
    return desk;
  };
  return worker.lasting(key, open, store);
}
