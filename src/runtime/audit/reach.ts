// Which upstreams routes reach, and whether two routes reach the same service under any name. A mirror counts as reached: the service
// carries out the copied request although its response is discarded. Works on the configuration and its files, and sends nothing.

import { canonicalIpv6 } from '../../base/ip-address.ts';
import { isSocketPath } from '../../base/socket-path.ts';
import { destinationUpstreams } from '../../config/checks/destination-upstreams.ts';
import type { Config, RouteConfig, UpstreamConfig } from '../../config/config.ts';
import { endpointsInFile } from './endpoints-in-file.ts';

export class Reach {
  private readonly upstreams: ReadonlyMap<string, ReadonlySet<string>>;
  private readonly ofRoutes = new Map<RouteConfig, ReadonlySet<string>>();

  constructor({ upstreams }: Config) {
    this.upstreams = new Map(upstreams.map(upstream => [upstream.name, placesOf(upstream)]));
  }

  /** Those of `others` that reach a service which this route reaches. */
  sharers(route: RouteConfig, others: Iterable<RouteConfig>): RouteConfig[] {
    const names = upstreamsOf(route);
    const places = new Set(names.flatMap(name => [...this.placesOf(name)]));
    return [...others].filter(other => !this.of(other).isDisjointFrom(places));
  }

  /** Name of an upstream of `one` that `other` reaches as well, perhaps under another name; null when there is none. */
  shared(one: RouteConfig, other: RouteConfig): string | null {
    const reached = this.of(other);
    return upstreamsOf(one).find(name => !this.placesOf(name).isDisjointFrom(reached)) ?? null;
  }

  /** Whether the route sends requests themselves to this upstream, not only mirrored copies. */
  isDestination(route: RouteConfig, name: string): boolean {
    const places = this.placesOf(name);
    return upstreamsOf(route).some(own => !this.placesOf(own).isDisjointFrom(places));
  }

  /** All places that a route reaches, including those of its mirror. */
  private of(route: RouteConfig): ReadonlySet<string> {
    let places = this.ofRoutes.get(route);
    if (places === undefined) {
      const mirrors = route.mirror === undefined ? [] : [route.mirror.upstream];
      places = new Set([...upstreamsOf(route), ...mirrors].flatMap(name => [...this.placesOf(name)]));
      this.ofRoutes.set(route, places);
    }
    return places;
  }

  private placesOf(name: string): ReadonlySet<string> {
    return this.upstreams.get(name) ?? new Set<string>();
  }
}

/** The upstream's name, its endpoints, and where its endpoints are discovered, as comparable strings. */
function placesOf(upstream: UpstreamConfig): Set<string> {
  const { name, discover } = upstream;
  const endpoints = [...upstream.endpoints, ...endpointsInFile(upstream)];
  const places = new Set([`upstream ${name}`, ...endpoints.map(({ host, port }) => `${oneName(host)} ${port}`)]);
  if (discover !== undefined) {
    places.add(discover.kind === 'file' ? `file ${discover.path}` : `${oneName(discover.name)} ${discover.port}`);
  }
  return places;
}

/** One text for the names and addresses of one machine, as far as they show it: those of this machine, and spellings of the same. */
function oneName(host: string): string {
  if (isSocketPath(host)) return host;
  const name = canonicalIpv6(host) ?? host.toLowerCase().replace(/\.$/, '');
  return name === 'localhost' || name === '::1' || /^127(?:\.[0-9]+){3}$/.test(name) ? 'localhost' : name;
}

/** The upstreams that responses come from. The mirror is left out: what a guarded route's own mirror gets has passed the guard. */
function upstreamsOf({ to, canary, fallback }: RouteConfig): string[] {
  const names = destinationUpstreams(to);
  if (canary !== undefined) names.push(canary.upstream);
  if (fallback?.kind === 'upstream') names.push(fallback.upstream);
  return names;
}
