// What an exchange remembers of its failed tries, and the timer between two tries. Made when another try takes the place of the first, or
// when a try that may take a limited time waits for its connection.

import { type Timed, UNSCHEDULED } from '../base/timer-wheel.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { RetryPolicy } from '../upstream/retry/retry-policy.ts';
import type { Exchange } from './exchange.ts';

export class Retries implements Timed {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  readonly exchange: Exchange;
  readonly tried: Endpoint[];
  /** Tries after the first that were begun or are waited for. */
  count: number;
  /** When the first try that did not lead to a response was sent, or failed without being sent: monotonic ms; 0 while there is none. */
  upstreamSince: number;

  constructor(exchange: Exchange) {
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.exchange = exchange;
    this.tried = [];
    this.count = 0;
    this.upstreamSince = 0;
  }

  /** A copy of what is remembered, for the exchange that continues this one. */
  passedOn(exchange: Exchange): Retries {
    const retries = new Retries(exchange);
    retries.tried.push(...this.tried);
    retries.count = this.count;
    retries.upstreamSince = this.upstreamSince;
    return retries;
  }

  onDeadline(): void {
    if (!this.exchange.ended) this.exchange.services.steps.retryDue(this.exchange);
  }
}

/** What is remembered of the tries of an exchange, made at the first call. */
export function retriesOf(exchange: Exchange): Retries {
  return (exchange.retries ??= new Retries(exchange));
}

/** Notes that the try in progress leads to no response and another one takes its place. Returns what is remembered of the tries. */
export function noteLostTry(exchange: Exchange): Retries {
  const retries = retriesOf(exchange);
  const { sentAt } = exchange;
  if (retries.upstreamSince === 0) retries.upstreamSince = sentAt === 0 ? exchange.services.io.clock.now : sentAt;
  return retries;
}

/** Ends a wait for a connection, with its timers: the next wait, which may be at another upstream, sets its own. */
export function endWait(exchange: Exchange): void {
  const { retries, services } = exchange;
  services.io.wheel.unschedule(exchange);
  if (retries !== null) services.io.wheel.cancel(retries);
}

/** Called when an attempt waits for a connection: limits the wait to the time that one try may take. */
export function watchWait(exchange: Exchange, { spec }: RetryPolicy): void {
  if (spec.perTryTimeoutMs === 0) return;
  const { io } = exchange.services;
  io.wheel.schedule(retriesOf(exchange), io.clock.now + spec.perTryTimeoutMs);
}
