// Checks a route's `fallback` and `hedge` against its destination. Whether the upstreams exist is checked in check-references.ts.

import type { RouteConfig, UpstreamConfig } from '../config.ts';
import { destinationUpstreams } from './destination-upstreams.ts';

type Path = readonly (string | number)[];

/** Paths given to `fail` start at the route. An upstream that has an error or does not exist is assumed to be able to refuse. */
export function checkFallback(
  { to, canary, fallback, hedge }: RouteConfig,
  upstreams: readonly (UpstreamConfig | undefined)[],
  fail: (path: Path, message: string) => void,
): void {
  const named = destinationUpstreams(to);
  if (canary !== undefined) named.push(canary.upstream);
  if (hedge !== undefined && named.length === 0)
    fail(['hedge'], '`hedge` has no meaning here: the route leads to no upstream');
  if (fallback === undefined) return;
  if (fallback.kind === 'upstream' && named.includes(fallback.upstream))
    fail(['fallback', 'upstream'], `"${fallback.upstream}" is where the route leads anyway`);
  if (fallback.cache !== undefined) {
    if (named.length === 0) fail(['fallback', 'cache'], '`cache` has no meaning here: the route leads to no upstream');
    return;
  }
  if (named.length === 0) {
    fail(['fallback'], '`fallback` has no meaning here: the route leads to no upstream');
    return;
  }
  // A reply or another upstream is given only while an upstream may not be asked. A kept response is also given when an upstream was asked
  // and gave no response.
  if (!named.some(name => mayRefuse(upstreams.find(each => each?.name === name)))) {
    fail(
      ['fallback'],
      '`fallback` would never be used: it needs an upstream with a `breaker`, with `discover`, or with `healthCheck` and `panicThreshold: 0%`',
    );
  }
}

/** Whether there may be times at which no endpoint of the upstream may be used. With any other panic threshold, all unhealthy is all used. */
function mayRefuse(upstream: UpstreamConfig | undefined): boolean {
  if (upstream === undefined) return true;
  const { breaker, discover, healthCheck, panicThreshold } = upstream;
  return breaker !== undefined || discover !== undefined || (healthCheck !== undefined && panicThreshold === 0);
}
