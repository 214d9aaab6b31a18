// The timer after which a client need not wait any longer. One per exchange of a route that defers requests.

import { type Timed, UNSCHEDULED } from '../../base/timer-wheel.ts';
import type { Exchange } from '../exchange.ts';
import type { DeferralPlan } from './deferral-plan.ts';

export class DeferralWait implements Timed {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  /** True once the request continues without its client, which got the URL of the response. */
  handedOver: boolean;
  private readonly plan: DeferralPlan;
  private readonly exchange: Exchange;

  constructor(plan: DeferralPlan, exchange: Exchange) {
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.handedOver = false;
    this.plan = plan;
    this.exchange = exchange;
  }

  onDeadline(): void {
    if (!this.exchange.ended) this.plan.due(this.exchange);
  }
}
