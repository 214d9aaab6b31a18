// A finished exchange leaves the gates that admitted it: waiting exchanges continue, and adaptive limits learn from its latency.

import type { Exchange } from '../exchange.ts';
import { isCallersTime } from '../outcome.ts';

/** Gives back the places that the exchange has at its gates. */
export function leaveGates(exchange: Exchange): void {
  const { routeGate, upstreamGate, firstByteAt, fault } = exchange;
  const latencyMs = firstByteAt === 0 ? -1 : firstByteAt - exchange.sentAt;
  const failed =
    firstByteAt === 0 && fault !== null && fault.kind.source === 'upstream' && !isCallersTime(exchange, fault);
  exchange.routeGate = null;
  exchange.upstreamGate = null;
  upstreamGate?.leave(latencyMs, failed);
  routeGate?.leave(latencyMs, failed);
}
