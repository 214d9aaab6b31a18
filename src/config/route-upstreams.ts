// Which upstreams a route names, and where. Whether they exist is seen in reference-check.ts.

import type { DestinationConfig, RouteConfig } from './config.ts';
import { destinationUpstreams } from './destination-upstreams.ts';

export interface NamedUpstream {
  readonly name: string;
  /** Where it stands in the route. */
  readonly path: readonly (string | number)[];
}

/** Those of its `to`. */
export function upstreamsOfDestination(to: DestinationConfig): NamedUpstream[] {
  return destinationUpstreams(to).map((name, at) => {
    return { name, path: to.kind === 'split' ? ['to', at, 'upstream'] : ['to'] };
  });
}

/** Those beside its `to`: of its fallback, its canary and its mirror. */
export function upstreamsBeside({ fallback, canary, mirror }: RouteConfig): NamedUpstream[] {
  const named: NamedUpstream[] = [];
  if (fallback?.kind === 'upstream') named.push({ name: fallback.upstream, path: ['fallback', 'upstream'] });
  if (canary !== undefined) named.push({ name: canary.upstream, path: ['canary', 'upstream'] });
  if (mirror !== undefined) named.push({ name: mirror.upstream, path: ['mirror', 'upstream'] });
  return named;
}

/** The names of all. */
export function upstreamsOf(route: RouteConfig): string[] {
  const names = destinationUpstreams(route.to);
  for (const { name } of upstreamsBeside(route)) names.push(name);
  return names;
}
