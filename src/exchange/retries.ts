// What an exchange remembers of its failed tries, and the timer between two of them. Exists only after the first failure.

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
  /** Tries after the first that were begun, or are waited for. */
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

  /** What is remembered of them for an exchange that goes on in the place of this one. */
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

/** A wait for a connection is over, and the clocks of it: the next, which may be at another upstream, has its own. */
export function endWait(exchange: Exchange): void {
  const { retries, services } = exchange;
  services.io.wheel.unschedule(exchange);
  if (retries !== null) services.io.wheel.cancel(retries);
}

/** An attempt waits for a connection: not longer than one try may take. */
export function watchWait(exchange: Exchange, { spec }: RetryPolicy): void {
  if (spec.perTryTimeoutMs === 0) return;
  exchange.retries ??= new Retries(exchange);
  const { io } = exchange.services;
  io.wheel.schedule(exchange.retries, io.clock.now + spec.perTryTimeoutMs);
}
