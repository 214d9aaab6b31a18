// A second try while the first one is slow: the first response wins, the other try is cancelled. Only for routes that configure it.

import type { Fault } from '../base/fault.ts';
import { RecentQuantile } from '../base/recent-quantile.ts';
import { type Timed, UNSCHEDULED } from '../base/timer-wheel.ts';
import type { ResponseHead } from '../http/h1/response-head.ts';
import type { Headers } from '../http/headers.ts';
import { RequestFraming, type RequestWriter, type ResponseEvents } from '../net/exchange-ends.ts';
import { UpstreamCell } from '../telemetry/metric-families.ts';
import { REFUSED } from '../upstream/breaker/breaker.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { ConnectionWaiter } from '../upstream/endpoint-pool.ts';
import { NO_PASS } from '../upstream/guard.ts';
import { isIdempotent } from '../upstream/retry/retry-policy.ts';
import type { Exchange } from './exchange.ts';
import { hashFor } from './hash-for.ts';
import { endWait, noteLostTry, retriesOf } from './retries.ts';
import { sendHead } from './send-head.ts';
import { stickTo } from './sticky-pick.ts';

/** The share of recent responses that arrived before the delay of a second try. */
const SHARE = 0.95;

/** Second tries as a share of all requests, when no retry policy sets the budget. */
const BUDGET_SHARE = 0.2;

/** Response times of a route; given to the next plan of the route, so that they outlive reloads. */
export function newRecent(): RecentQuantile {
  return new RecentQuantile(SHARE);
}

/** A route's `hedge` settings, and the recent times of its responses. */
export class HedgePlan {
  private readonly afterMs: number;
  private readonly recent: RecentQuantile;

  /** `afterMs` 0 takes the 95th percentile of recent response times, including those that an earlier plan put into `recent`. */
  constructor(afterMs: number, recent = newRecent()) {
    this.afterMs = afterMs;
    this.recent = recent;
  }

  /** Milliseconds after which the second try begins; Infinity while the percentile is not known. */
  get delayMs(): number {
    return this.afterMs === 0 ? this.recent.value : this.afterMs;
  }

  /** Records how long a response took, in ms from the moment its first try was sent. */
  answered(tookMs: number): void {
    if (this.afterMs === 0) this.recent.add(tookMs);
  }
}

/** Schedules a second try, from the sending of the first on and once per exchange, for requests that may be sent twice and have no body. */
export function armHedge(exchange: Exchange, plan: HedgePlan): void {
  const { request, services } = exchange;
  const { delayMs } = plan;
  if (exchange.hedge !== null || delayMs === Infinity || request.hasBody || request.upgrade !== '') return;
  if (!isIdempotent(request.method) && request.headers.get('idempotency-key') === undefined) return;
  exchange.hedge = new Hedge(exchange);
  services.io.wheel.schedule(exchange.hedge, services.io.clock.now + delayMs);
}

export class Hedge implements Timed, ConnectionWaiter, ResponseEvents {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  waiting: boolean;
  private readonly exchange: Exchange;
  private endpoint: Endpoint | null;
  private connection: RequestWriter | null;
  private pass: number;
  private sentAt: number;
  /** True once this is the exchange's only try, which passes all its events on. */
  hasTakenOver: boolean;

  constructor(exchange: Exchange) {
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.waiting = false;
    this.exchange = exchange;
    this.endpoint = null;
    this.connection = null;
    this.pass = NO_PASS;
    this.sentAt = 0;
    this.hasTakenOver = false;
  }

  /** The first try has taken long enough: begins the second one. */
  onDeadline(): void {
    const { exchange } = this;
    const upstream = exchange.upstream!;
    const { cells } = exchange.services;
    // A first try that failed is retried elsewhere, and one that waits for a new connection, since its own was dead, is not slow yet.
    if (
      exchange.ended ||
      exchange.connection === null ||
      exchange.firstByteAt !== 0 ||
      (exchange.retries?.count ?? 0) > 0
    )
      return;
    const first = exchange.endpoint!;
    const endpoint = upstream.pick(hashFor(exchange, upstream), [first]);
    // An endpoint that is out of use may be picked for requests that failed, not for those that are slow.
    if (endpoint === undefined || endpoint === first || !endpoint.available) return;
    // Nor is a slow request a reason to ask a backup.
    if (endpoint.backup && !first.backup) return;
    const now = upstream.nowMs;
    if (!upstream.budget.take(exchange.retryPolicy?.spec.budget ?? BUDGET_SHARE, now)) {
      cells[upstream.metricsOffset + UpstreamCell.retriesDenied]!++;
      return;
    }
    this.pass = upstream.resilience.guard?.admit(endpoint, now) ?? NO_PASS;
    if (this.pass === REFUSED) return;
    cells[upstream.metricsOffset + UpstreamCell.hedges]!++;
    this.endpoint = endpoint;
    endpoint.began();
    this.waiting = true;
    const connection = endpoint.pool.acquire(this, false);
    if (connection !== null) this.onConnection(connection);
  }

  onConnection(connection: RequestWriter): void {
    const { exchange } = this;
    this.waiting = false;
    this.connection = connection;
    this.sentAt = exchange.services.io.clock.now;
    connection.start(this, exchange.request.method === 'HEAD', RequestFraming.none, false, exchange);
    sendHead(exchange, this.endpoint!, connection, false);
  }

  onNoConnection(fault: Fault): void {
    this.waiting = false;
    this.failed(fault);
  }

  /** Gives up the second try, because the exchange ended or its first try responded. Does nothing once this try has taken over. */
  cancel(): void {
    this.exchange.services.io.wheel.cancel(this);
    const { endpoint, connection } = this;
    if (endpoint === null || this.hasTakenOver) return;
    if (this.waiting) {
      this.waiting = false;
      endpoint.pool.forget(this);
    }
    connection?.abort();
    this.exchange.upstream!.resilience.guard?.cancelled(endpoint, this.pass);
    this.leave();
  }

  /** Takes the place of the first try, which failed or lost. False when the second try was not sent, or has taken over already. */
  takeOver(): boolean {
    const { exchange, endpoint, connection } = this;
    if (endpoint === null || connection === null || this.hasTakenOver) return false;
    this.hasTakenOver = true;
    // A retry, if this try fails as well, goes to neither of the two endpoints.
    noteLostTry(exchange).tried.push(exchange.endpoint!);
    // The first try may have failed before this one was sent, so that the exchange waits for another connection: it needs none any more.
    exchange.stopWaiting();
    endWait(exchange);
    exchange.endpoint!.ended();
    exchange.endpoint = endpoint;
    const { affinity } = exchange.upstream!;
    if (affinity !== null) stickTo(exchange, affinity, endpoint);
    exchange.connection = connection;
    exchange.breakerPass = this.pass;
    exchange.sentAt = this.sentAt;
    exchange.firstByteAt = 0;
    return true;
  }

  onResponseHead(head: ResponseHead): void {
    const { exchange } = this;
    if (!this.hasTakenOver) {
      if (head.status >= 500) {
        this.report(head);
        return;
      }
      const { resilience, nowMs } = exchange.upstream!;
      resilience.guard?.cancelled(exchange.endpoint!, exchange.breakerPass);
      // The first try would have taken at least this long. An endpoint none of whose tries counts would stay the first choice of peakEwma.
      if (exchange.connection !== null)
        exchange.endpoint!.latency?.answered(exchange.services.io.clock.now - exchange.sentAt, nowMs);
      exchange.connection?.abort();
      this.takeOver();
    }
    exchange.onResponseHead(head);
  }

  onUpstreamFault(fault: Fault): void {
    if (this.hasTakenOver) this.exchange.onUpstreamFault(fault);
    else this.failed(fault);
  }

  onInformational(head: ResponseHead): void {
    if (this.hasTakenOver) this.exchange.onInformational(head);
  }
  onResponseBody(bytes: Buffer, start: number, end: number): void {
    this.exchange.onResponseBody(bytes, start, end);
  }
  onResponseEnd(trailers: Headers | null): void {
    this.exchange.onResponseEnd(trailers);
  }
  onRequestBlocked(): void {}
  onRequestDrained(): void {}

  /** Drops a 5xx of the second try, which is worse than no response: the first try may still give a better one. */
  private report(head: ResponseHead): void {
    const upstream = this.exchange.upstream!;
    const tookMs = this.exchange.services.io.clock.now - this.sentAt;
    const { guard } = upstream.resilience;
    const closedAfter = head.keepAlive ? 0 : this.connection!.requests;
    guard?.answered(this.endpoint!, this.pass, head.status, tookMs, closedAfter, upstream.nowMs);
    this.connection!.discardResponse();
    this.lost();
  }

  private failed(fault: Fault): void {
    const { resilience, nowMs } = this.exchange.upstream!;
    if (fault.code === 'upstream_stream_refused') resilience.guard?.unprocessed(this.endpoint!, this.pass, nowMs);
    else resilience.guard?.failed(this.endpoint!, this.pass, fault, nowMs);
    this.lost();
  }

  /** This try failed: a retry of the first one goes elsewhere. */
  private lost(): void {
    retriesOf(this.exchange).tried.push(this.endpoint!);
    this.leave();
  }

  private leave(): void {
    this.endpoint?.ended();
    this.endpoint = null;
    this.connection = null;
    this.pass = NO_PASS;
  }
}
