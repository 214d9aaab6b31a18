// What an exchange remembers of its failed tries, and the timer between two tries. Made at the first failure, or when a try that may take a
// limited time waits for its connection.

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

  constructor(exchange: Exchange) {
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.exchange = exchange;
    this.tried = [];
    this.count = 0;
  }

  /** A copy of what is remembered, for the exchange that continues this one. */
  passedOn(exchange: Exchange): Retries {
    const retries = new Retries(exchange);
    retries.tried.push(...this.tried);
    retries.count = this.count;
    return retries;
  }

  onDeadline(): void {
    if (!this.exchange.ended) this.exchange.services.steps.retryDue(this.exchange);
  }
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
  exchange.retries ??= new Retries(exchange);
  const { io } = exchange.services;
  io.wheel.schedule(exchange.retries, io.clock.now + spec.perTryTimeoutMs);
}
