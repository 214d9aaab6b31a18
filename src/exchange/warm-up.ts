// Prepares a connection to the upstream while a filter still decides. Sends no byte of the request.

import type { Exchange } from './exchange.ts';

/**
 * For a route with one upstream: opens a connection at an endpoint that has none idle. Which endpoint serves the request is decided later.
 */
export function warmUp({ route }: Exchange): void {
  if (route === null || route.plan.destination.kind !== 'upstream') return;
  const { upstream } = route.plan.destination;
  const [only, ...others] = upstream.endpoints;
  if (only === undefined) return;
  // Because: a pick would use up a turn of round robin; with several endpoints the first without an idle connection is as good as any.
  const cold =
    others.length === 0
      ? only
      : upstream.endpoints.find(({ available, backup, pool }) => available && !backup && pool.isCold);
  cold?.pool.warm();
}
