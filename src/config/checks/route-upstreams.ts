// Which upstreams a route names, and where. Whether they exist is checked in reference-check.ts.

import type { DestinationConfig, RouteConfig } from '../config.ts';
import { destinationUpstreams } from './destination-upstreams.ts';

export interface NamedUpstream {
  readonly name: string;
  /** Path of the name within the route. */
  readonly path: readonly (string | number)[];
}

/** The upstreams of a route's `to`. */
export function upstreamsOfDestination(to: DestinationConfig): NamedUpstream[] {
  return destinationUpstreams(to).map((name, at) => {
    return { name, path: to.kind === 'split' ? ['to', at, 'upstream'] : ['to'] };
  });
}

/** The upstreams that a route names beside its `to`: in its fallback, its canary and its mirror. */
export function upstreamsBeside({ fallback, canary, mirror }: RouteConfig): NamedUpstream[] {
  const named: NamedUpstream[] = [];
  if (fallback?.kind === 'upstream') named.push({ name: fallback.upstream, path: ['fallback', 'upstream'] });
  if (canary !== undefined) named.push({ name: canary.upstream, path: ['canary', 'upstream'] });
  if (mirror !== undefined) named.push({ name: mirror.upstream, path: ['mirror', 'upstream'] });
  return named;
}

/** The names of all upstreams of a route. */
export function upstreamsOf(route: RouteConfig): string[] {
  const names = destinationUpstreams(route.to);
  for (const { name } of upstreamsBeside(route)) names.push(name);
  return names;
}
