// What routes reach: whether two of them lead to the same service, under whichever name. A copy of a request reaches it as well: what it
// asks to be done is done, though nobody sees the answer. Asks no service.

import type { Config, RouteConfig, UpstreamConfig } from '../../config/config.ts';
import { destinationUpstreams } from '../../config/destination-upstreams.ts';

export class Reach {
  private readonly upstreams: ReadonlyMap<string, ReadonlySet<string>>;
  private readonly ofRoutes = new Map<RouteConfig, ReadonlySet<string>>();

  constructor({ upstreams }: Config) {
    this.upstreams = new Map(upstreams.map(upstream => [upstream.name, placesOf(upstream)]));
  }

  /** Those that lead where this route does. */
  sharers(route: RouteConfig, others: Iterable<RouteConfig>): RouteConfig[] {
    const names = upstreamsOf(route);
    const places = new Set(names.flatMap(name => [...this.placesOf(name)]));
    return [...others].filter(other => !this.of(other).isDisjointFrom(places));
  }

  /** Name of an upstream of the one route that the other reaches as well; null when there is none. */
  shared(one: RouteConfig, other: RouteConfig): string | null {
    const reached = this.of(other);
    return upstreamsOf(one).find(name => !this.placesOf(name).isDisjointFrom(reached)) ?? null;
  }

  /** Whether requests themselves go there, and not just their copies. */
  isDestination(route: RouteConfig, name: string): boolean {
    const places = this.placesOf(name);
    return upstreamsOf(route).some(own => !this.placesOf(own).isDisjointFrom(places));
  }

  /** Its mirror's among them. */
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

/** Its name, its endpoints, and where they are looked up. */
function placesOf({ name, endpoints, discover }: UpstreamConfig): Set<string> {
  const places = new Set([`upstream ${name}`, ...endpoints.map(({ host, port }) => `${host} ${port}`)]);
  if (discover !== undefined) {
    places.add(discover.kind === 'file' ? `file ${discover.path}` : `${discover.name} ${discover.port}`);
  }
  return places;
}

/** Where its answers come from. What a guarded route's own mirror gets has passed the guard. */
function upstreamsOf({ to, canary, fallback }: RouteConfig): string[] {
  const names = destinationUpstreams(to);
  if (canary !== undefined) names.push(canary.upstream);
  if (fallback?.kind === 'upstream') names.push(fallback.upstream);
  return names;
}
