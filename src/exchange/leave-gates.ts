// A finished exchange leaves the gates that admitted it: waiting ones continue, and adaptive limits learn from it.

import type { Exchange } from './exchange.ts';

/** The gates at which it was let in have room for another. */
export function leaveGates(exchange: Exchange): void {
  const { routeGate, upstreamGate, firstByteAt, fault } = exchange;
  const latencyMs = firstByteAt === 0 ? -1 : firstByteAt - exchange.sentAt;
  const failed = firstByteAt === 0 && fault !== null && fault.kind.source === 'upstream';
  exchange.routeGate = null;
  exchange.upstreamGate = null;
  upstreamGate?.leave(latencyMs, failed);
  routeGate?.leave(latencyMs, failed);
}
