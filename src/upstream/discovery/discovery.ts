// What a source of endpoints is and what it finds. DNS, files and later Kubernetes, Consul and etcd are kinds of it, one a file;
// src/compile/catalog.ts lists them. A source runs once in the process, and every worker gets what it finds.

import type { FeedSource } from '../../store/feed.ts';

/** A place where an upstream's service was found. */
export interface DiscoveredEndpoint {
  /** An IPv4 or IPv6 address; a name stands here only where it is to be looked up by whoever connects. */
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  /** Share beside the others; 0 gets nothing. */
  readonly weight: number;
  /** Where it stands; empty when the source does not tell. */
  readonly zone: string;
  /** The name under which it was found, for Host and TLS; empty for none. */
  readonly name: string;
}

/**
 * All endpoints as of now. A source publishes a whole set each time, and only when it differs from the last one; one that
 * finds nothing any more keeps quiet and reports the trouble, so that the last set stays in use.
 */
export interface DiscoveredSet {
  readonly endpoints: readonly DiscoveredEndpoint[];
}

/**
 * A kind of discovery. `start` gets the settings of one upstream as a feed's spec, and returns what can be stopped and nudged;
 * its `describe` tells the administrator what is looked up and how old the answer is.
 */
export type Discovery = FeedSource<DiscoveredSet>;

/** In one order, each address with its port once: two sets are the same when their texts are. */
export function inOrder(endpoints: readonly DiscoveredEndpoint[]): DiscoveredEndpoint[] {
  const byPlace = new Map<string, DiscoveredEndpoint>();
  for (const endpoint of endpoints) {
    const place = `${endpoint.tls ? 's' : ''} ${endpoint.address} ${endpoint.port}`;
    const known = byPlace.get(place);
    byPlace.set(place, known === undefined ? endpoint : { ...known, weight: known.weight + endpoint.weight });
  }
  return [...byPlace].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}
