// How an exchange continues after it has waited at a gate: to the next gate, or to its upstream.

import { Fault } from '../../base/fault.ts';
import { attempt } from '../attempt.ts';
import type { Exchange } from '../exchange.ts';
import { refuse } from '../reply.ts';
import { enterGates } from './gates.ts';

/** Called when the gate at which the exchange waited has admitted it. */
export function admitted(exchange: Exchange): void {
  const { io } = exchange.services;
  const { gate } = exchange.route!.plan;
  exchange.waiting = false;
  io.wheel.unschedule(exchange);
  if (gate !== null && exchange.routeGate === null) exchange.routeGate = gate;
  else exchange.upstreamGate = exchange.upstream!.gate;
  if (io.clock.now >= exchange.deadline) {
    refuse(exchange, new Fault('exchange_timeout'));
    return;
  }
  if (!enterGates(exchange)) return;
  attempt(exchange, null, false);
  if (!exchange.ended && !exchange.waiting && !exchange.requestIsBlocked) exchange.downstream.resumeRequest();
}
