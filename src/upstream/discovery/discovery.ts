// The interface of a source of endpoints, and what it finds. DNS, files and later Kubernetes, Consul and etcd are kinds of sources, each in
// its own file; src/compile/catalog.ts lists them. A source runs once in the process, and every worker gets its results.

import type { FeedSource } from '../../store/feed.ts';

/** One endpoint of a service, as a source found it. */
export interface DiscoveredEndpoint {
  /** An IPv4 or IPv6 address, or the path of a Unix socket; a name only when the connecting side is to resolve it. */
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  /** Share relative to the other endpoints; 0 gets nothing. */
  readonly weight: number;
  /** The zone of the endpoint; empty when the source does not know it. */
  readonly zone: string;
  /** The name under which the endpoint was found, for Host and TLS; empty for none. */
  readonly name: string;
  /** Used only while no other endpoint may be; left out means no. */
  readonly backup?: boolean;
}

/**
 * All current endpoints. A source publishes a whole set each time, and only when it differs from the last one. A source that finds nothing
 * any more publishes nothing and reports the problem, so that the last set stays in use.
 */
export interface DiscoveredSet {
  readonly endpoints: readonly DiscoveredEndpoint[];
}

/**
 * A kind of discovery. `start` gets the settings of one upstream as a feed's spec, and returns a running feed that can be stopped and
 * nudged; its `describe` tells the operator what is looked up and how old the result is.
 */
export type Discovery = FeedSource<DiscoveredSet>;

/**
 * Sorts the endpoints and merges those with the same address and port, adding up their weights. Two sets are equal when their texts in this
 * order are.
 */
export function inOrder(endpoints: readonly DiscoveredEndpoint[]): DiscoveredEndpoint[] {
  const byPlace = new Map<string, DiscoveredEndpoint>();
  for (const endpoint of endpoints) {
    const place = `${endpoint.tls ? 's' : ''} ${endpoint.address} ${endpoint.port}`;
    const known = byPlace.get(place);
    byPlace.set(place, known === undefined ? endpoint : inBoth(known, endpoint));
  }
  return [...byPlace].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}

/** An endpoint that was found twice: the weight is the sum of both, and only what is a backup both times is one. */
export function inBoth<Found extends { readonly weight: number; readonly backup?: boolean }>(
  one: Found,
  other: Found,
): Found {
  const weight = one.weight + other.weight;
  return one.backup === other.backup ? { ...one, weight } : { ...one, weight, backup: false };
}
