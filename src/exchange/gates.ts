// The gates that an exchange passes on its way upstream: its route's, then its upstream's. What happens after a wait is in admitted.ts, at
// the end in leave-gates.ts; what a gate is, in src/upstream/admission.

import { Fault } from '../base/fault.ts';
import { Entry, type Gate } from '../upstream/admission/gate.ts';
import type { Exchange } from './exchange.ts';
import { refuse } from './reply.ts';

const comeBack = [['Retry-After', '1']] as const;

/** True when it may go on. Else it waits at a gate, or has been refused. Call it where the route or the upstream has a gate. */
export function enterGates(exchange: Exchange): boolean {
  const ofRoute = exchange.route!.plan.gate;
  const ofUpstream = exchange.upstream!.gate;
  if (ofRoute !== null && exchange.routeGate === null) {
    if (!enter(exchange, ofRoute)) return false;
    exchange.routeGate = ofRoute;
  }
  if (exchange.upstreamGate !== ofUpstream) {
    // Another upstream takes over from the one that it was let through to.
    exchange.upstreamGate?.leave(-1, false);
    exchange.upstreamGate = null;
    if (ofUpstream === null) return true;
    if (!enter(exchange, ofUpstream)) return false;
    exchange.upstreamGate = ofUpstream;
  }
  return true;
}

/** It has waited as long as it may. */
export function notAdmitted(exchange: Exchange): void {
  exchange.waiting = false;
  exchange.services.io.wheel.unschedule(exchange);
  refuse(exchange, new Fault('queue_timeout'), comeBack);
}

function enter(exchange: Exchange, gate: Gate): boolean {
  const entry = gate.enter(exchange);
  if (entry === Entry.admitted) return true;
  if (entry === Entry.full) {
    refuse(exchange, new Fault('concurrency_limited'), comeBack);
    return false;
  }
  // The client is read on: one that leaves is noticed, and never sent.
  exchange.waiting = true;
  if (exchange.deadline !== Infinity) exchange.services.io.wheel.schedule(exchange, exchange.deadline);
  return false;
}
