// The gates that an exchange passes on its way upstream: its route's, then its upstream's. How it continues after a wait is in admitted.ts,
// how it leaves is in leave-gates.ts; what a gate is, in src/upstream/admission.

import { Fault } from '../../base/fault.ts';
import { Entry, type Gate } from '../../upstream/admission/gate.ts';
import type { Exchange } from '../exchange.ts';
import { refuse } from '../reply.ts';

const comeBack = [['Retry-After', '1']] as const;

/** True when the exchange may go on; else it waits at a gate or was refused. Call it only where a gate is to be entered or left. */
export function enterGates(exchange: Exchange): boolean {
  const ofRoute = exchange.route!.plan.gate;
  const ofUpstream = exchange.upstream!.gate;
  if (ofRoute !== null && exchange.routeGate === null) {
    if (!enter(exchange, ofRoute)) return false;
    exchange.routeGate = ofRoute;
  }
  if (exchange.upstreamGate !== ofUpstream) {
    // The exchange goes to another upstream than the one whose gate admitted it.
    exchange.upstreamGate?.leave(-1, false);
    exchange.upstreamGate = null;
    if (ofUpstream === null) return true;
    if (!enter(exchange, ofUpstream)) return false;
    exchange.upstreamGate = ofUpstream;
  }
  return true;
}

/** Called when the exchange has waited at a gate as long as it may: refuses it. */
export function notAdmitted(exchange: Exchange): void {
  exchange.waiting = false;
  exchange.services.io.wheel.unschedule(exchange);
  refuse(exchange, new Fault('queue_timeout'), comeBack);
}

function enter(exchange: Exchange, gate: Gate): boolean {
  const entry = gate.enter(exchange);
  if (entry === Entry.admitted) return true;
  if (entry === Entry.refused) {
    refuse(exchange, new Fault('concurrency_limited'), comeBack);
    return false;
  }
  // The client is still read: if it leaves, that is noticed, and the request is never sent.
  exchange.waiting = true;
  if (exchange.deadline !== Infinity) exchange.services.io.wheel.schedule(exchange, exchange.deadline);
  return false;
}
