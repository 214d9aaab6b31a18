// The plans of routes that have only an upstream and a timeout. Routes with the same upstream and timeout share one plan, so that ten
// thousand routes need only a few. Every other route has a plan of its own.

import type { Chain } from '../exchange/chain.ts';
import { RoutePlan } from '../exchange/route.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { destinationOf } from './compile-destination.ts';

export class PlainPlans {
  private readonly chain: Chain;
  private readonly byUpstream = new Map<Upstream, Map<number, RoutePlan>>();

  /** `chain` is the chain of routes without filters of their own. */
  constructor(chain: Chain) {
    this.chain = chain;
  }

  planOf(upstream: Upstream, timeoutMs: number): RoutePlan {
    let byTimeout = this.byUpstream.get(upstream);
    if (byTimeout === undefined) this.byUpstream.set(upstream, (byTimeout = new Map()));
    let plan = byTimeout.get(timeoutMs);
    if (plan === undefined) {
      plan = new RoutePlan(this.chain, destinationOf(upstream), { timeoutMs });
      byTimeout.set(timeoutMs, plan);
    }
    return plan;
  }
}
