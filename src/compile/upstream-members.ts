// Determines the current endpoints of an upstream: those configured as addresses, and those that feeds find for its host names. Does not
// open feeds: the supervisor opens those that `feedsOfUpstreams` lists.

import { isIP } from 'node:net';
import { isSocketPath } from '../base/socket-path.ts';
import type { Config, EndpointConfig, UpstreamConfig } from '../config/config.ts';
import type { DiscoverConfig } from '../config/discover-config.ts';
import type { Feed, FeedNeed } from '../store/feed.ts';
import { type DiscoveredEndpoint, type DiscoveredSet, inBoth } from '../upstream/discovery/discovery.ts';
import { type DnsSettings, dnsDefaults } from '../upstream/discovery/dns-settings.ts';
import type { EndpointFileSettings } from '../upstream/discovery/endpoint-file.ts';
import type { EndpointSpec } from '../upstream/endpoint.ts';
import type { EndpointSource } from '../upstream/upstream.ts';

/** Gives access to a worker's feeds. */
export interface FeedShelf {
  feed<Value>(need: FeedNeed): Feed<Value>;
}

/** The feeds that one upstream needs; empty when all its endpoints are addresses. */
export function feedsOfUpstream({ endpoints, discover, protocol }: UpstreamConfig): FeedNeed[] {
  if (discover !== undefined) return [needOf(discover, protocol)];
  return endpoints.filter(isNamed).map(needOfName);
}

/** The feeds that all upstreams need; a feed may be listed more than once. */
export function feedsOfUpstreams({ upstreams }: Pick<Config, 'upstreams'>): FeedNeed[] {
  return upstreams.flatMap(feedsOfUpstream);
}

/** The source of an upstream's endpoints; null when they never change without a reload. */
export function membersOf(upstream: UpstreamConfig, shelf: FeedShelf): EndpointSource | null {
  const { endpoints, discover, protocol } = upstream;
  if (discover !== undefined) return new Members([{ feed: shelf.feed(needOf(discover, protocol)), entry: null }]);
  if (!endpoints.some(isNamed)) return null;
  return new Members(
    endpoints.map(entry => ({ feed: isNamed(entry) ? shelf.feed<DiscoveredSet>(needOfName(entry)) : null, entry })),
  );
}

/** One entry of `endpoints`, with a feed if it is a host name; or, without an entry, the feed of `discover`. */
interface Part {
  readonly feed: Feed<DiscoveredSet> | null;
  readonly entry: EndpointConfig | null;
}

class Members implements EndpointSource {
  private readonly parts: readonly Part[];

  constructor(parts: readonly Part[]) {
    this.parts = parts;
  }

  get now(): readonly EndpointSpec[] {
    const byUrl = new Map<string, EndpointSpec>();
    for (const { feed, entry } of this.parts) {
      const found = feed === null ? [entry!] : (feed.value?.endpoints ?? []).map(each => specOf(each, entry));
      for (const spec of found) {
        const known = byUrl.get(spec.url);
        // Two names may lead to one address.
        byUrl.set(spec.url, known === undefined ? spec : inBoth(known, spec));
      }
    }
    return [...byUrl.values()];
  }

  onChange(listener: (endpoints: readonly EndpointSpec[]) => void): () => void {
    const stops = this.parts.map(({ feed }) => feed?.onChange(() => listener(this.now)));
    return () => {
      for (const stop of stops) stop?.();
    };
  }

  nudge(): void {
    for (const { feed } of this.parts) feed?.nudge('');
  }
}

function specOf(found: DiscoveredEndpoint, entry: EndpointConfig | null): EndpointSpec {
  const { address, port } = found;
  const tls = entry?.tls ?? found.tls;
  const host = address.includes(':') ? `[${address}]` : address;
  return {
    url: isSocketPath(address) ? `unix:${address}` : `${tls ? 'https' : 'http'}://${host}:${port}`,
    tls,
    host: found.name === '' ? address : found.name,
    address,
    port,
    weight: found.weight * (entry?.weight ?? 1),
    zone: entry?.zone ?? found.zone,
    ...((entry ?? found).backup === true && { backup: true }),
  };
}

function isNamed({ host }: EndpointConfig): boolean {
  return isIP(host) === 0 && !isSocketPath(host);
}

function needOfName({ host, port, tls }: EndpointConfig): FeedNeed {
  return { kind: 'dns', spec: { ...dnsDefaults, name: host, port, tls } satisfies DnsSettings };
}

function needOf(discover: DiscoverConfig, protocol: UpstreamConfig['protocol']): FeedNeed {
  if (discover.kind === 'file')
    return { kind: 'endpointFile', spec: { path: discover.path, protocol } satisfies EndpointFileSettings };
  const { kind, name, port, tls, family, servers, timeoutMs, keptMinMs, keptMaxMs } = discover;
  // The properties must be in the order of `dnsDefaults` and `needOfName`: feeds are identified by the JSON text of their spec.
  return { kind, spec: { family, servers, timeoutMs, keptMinMs, keptMaxMs, name, port, tls } satisfies DnsSettings };
}
