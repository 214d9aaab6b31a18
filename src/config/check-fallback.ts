// Checks a route's `fallback` and `hedge` against its destination. Whether the upstreams exist is checked in check-references.ts.

import type { RouteConfig, UpstreamConfig } from './config.ts';
import { destinationUpstreams } from './destination-upstreams.ts';

type Path = readonly (string | number)[];

/** Paths given to `fail` start at the route. An upstream that has an error or does not exist is assumed to have a breaker. */
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
  // A reply or another upstream is given while a circuit breaker is open, so a breaker is required. A kept response is also given when an
  // upstream was asked and gave no response.
  const mayOpen = named.some(name => {
    const upstream = upstreams.find(each => each?.name === name);
    return upstream === undefined || upstream.breaker !== undefined;
  });
  if (!mayOpen) {
    fail(
      ['fallback'],
      '`fallback` is given while a circuit breaker is open, and no upstream of this route has a `breaker`',
    );
  }
}
