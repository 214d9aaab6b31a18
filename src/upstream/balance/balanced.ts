// What balancing sees of an endpoint, and what a strategy is. Knows no strategy; balancer.ts lists them.

import type { PeakLatency } from './peak-latency.ts';

/** An endpoint as its balancer sees it. `inFlight` and `available` change while it is in use, by whoever owns it. */
export interface Balanced {
  /** Identity over reloads and machines, such as the URL: consistent hashing places an endpoint by it. */
  readonly key: string;
  /** Share relative to the others; 0 is never picked. */
  readonly weight: number;
  /** Requests under way, of all workers. */
  readonly inFlight: number;
  available: boolean;
  /** Where it stands; left out or empty when nobody says. */
  readonly zone?: string;
  /** How long it takes; null or left out where no balancer asks. */
  readonly latency?: PeakLatency | null;
}

export interface Balancer<E extends Balanced> {
  /**
   * An endpoint for the next request, or undefined only when none is available. `hash` (32 bits) counts for ringHash
   * and maglev alone. Endpoints in `tried` are avoided when another one is available. Allocates nothing.
   */
  pick(hash: number, tried: readonly E[] | null): E | undefined;
}

/** Whether this endpoint may be picked without trying it a second time. */
export function isEligible<E extends Balanced>(endpoint: E, tried: readonly E[] | null): boolean {
  return endpoint.available && (tried === null || !tried.includes(endpoint));
}

/** Whether any endpoint may be picked. */
export function anyEligible<E extends Balanced>(endpoints: readonly E[], tried: readonly E[] | null): boolean {
  for (let i = 0; i < endpoints.length; i++) if (isEligible(endpoints[i]!, tried)) return true;
  return false;
}

/** Whether all weights are the same, so that turns and draws need no weighing. */
export function equalWeights(endpoints: readonly Balanced[]): boolean {
  return endpoints.every(({ weight }) => weight === endpoints[0]!.weight);
}
