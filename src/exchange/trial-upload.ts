// A request that is still arriving while it has one of the few places of a half-open circuit breaker. A client that sends slowly must not
// keep the breaker from closing: the place is given to another request, and the outcome of this one still counts.

import { type Timed, UNSCHEDULED } from '../base/timer-wheel.ts';
import type { Exchange } from './exchange.ts';

/** How long a client may take to send its request before the place is given up. */
const UPLOAD_MS_MAX = 1_000;

class TrialUpload implements Timed {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  private readonly exchange: Exchange;
  private readonly pass: number;

  constructor(exchange: Exchange) {
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.exchange = exchange;
    this.pass = exchange.breakerPass;
  }

  onDeadline(now: number): void {
    const { exchange, pass } = this;
    if (exchange.ended || exchange.requestEnded || exchange.breakerPass !== pass) return;
    // An endpoint that is not connected to, or takes no bytes of the request, holds it up by itself.
    if (exchange.connection === null || exchange.requestIsBlocked) {
      exchange.services.io.wheel.schedule(this, now + UPLOAD_MS_MAX);
      return;
    }
    exchange.breakerPass = exchange.upstream!.resilience.guard!.giveUpPlace(exchange.endpoint!, pass);
  }
}

/** Called for an attempt with a pass whose request is still arriving. */
export function watchTrialUpload(exchange: Exchange): void {
  if (exchange.upstream!.resilience.guard?.isTrying(exchange.endpoint!) !== true) return;
  const { wheel, clock } = exchange.services.io;
  wheel.schedule(new TrialUpload(exchange), clock.now + UPLOAD_MS_MAX);
}
