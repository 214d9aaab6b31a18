// What balancing sees of an endpoint, and the interface of a strategy. Knows no strategy; balancer.ts lists them.

import type { PeakLatency } from './peak-latency.ts';

/** An endpoint as its balancer sees it. Its owner changes `inFlight` and `available` while it is in use. */
export interface Balanced {
  /** Identity across reloads and machines, such as the URL: consistent hashing places the endpoint by it. */
  readonly key: string;
  /** Share relative to the other endpoints; an endpoint with 0 is never picked. */
  readonly weight: number;
  /** Requests under way, on all workers together. */
  readonly inFlight: number;
  available: boolean;
  /** The zone of the endpoint; left out or empty when it is not known. */
  readonly zone?: string;
  /** Used only while no other endpoint may be; left out means no. */
  readonly backup?: boolean;
  /** Latency of the endpoint; null or left out when no balancer uses it. */
  readonly latency?: PeakLatency | null;
}

export interface Balancer<E extends Balanced> {
  /**
   * An endpoint for the next request; undefined only when none is available. `hash` (32 bits) is used by ringHash and maglev alone. Avoids
   * the endpoints in `tried` when another one is available. Allocates nothing.
   */
  pick(hash: number, tried: readonly E[] | null): E | undefined;
}

/** Whether this endpoint is available and not in `tried`. */
export function isEligible<E extends Balanced>(endpoint: E, tried: readonly E[] | null): boolean {
  return endpoint.available && (tried === null || !tried.includes(endpoint));
}

/** Whether at least one endpoint is available and not in `tried`. */
export function anyEligible<E extends Balanced>(endpoints: readonly E[], tried: readonly E[] | null): boolean {
  for (let i = 0; i < endpoints.length; i++) if (isEligible(endpoints[i]!, tried)) return true;
  return false;
}

/** Whether all weights are equal, so that turns and draws can ignore them. */
export function equalWeights(endpoints: readonly Balanced[]): boolean {
  return endpoints.every(({ weight }) => weight === endpoints[0]!.weight);
}
