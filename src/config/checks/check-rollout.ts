// Checks a route's `canary`, `mirror` and `async` against its destination. Whether the upstreams exist is checked in check-references.ts.

import { durationText } from '../../base/schema/duration.ts';
import type { RouteConfig, UpstreamConfig } from '../config.ts';
import { destinationUpstreams } from './destination-upstreams.ts';

type Path = readonly (string | number)[];
type Fail = (path: Path, message: string) => void;

/** Paths given to `fail` start at the route. An upstream that has an error is undefined. */
export function checkRollout(route: RouteConfig, upstreams: readonly (UpstreamConfig | undefined)[], fail: Fail): void {
  const { to, canary } = route;
  const live = destinationUpstreams(to);
  if (canary !== undefined && live.includes(canary.upstream))
    fail(['canary', 'upstream'], `"${canary.upstream}" is the stable version: a canary is another upstream`);
  if (canary !== undefined) live.push(canary.upstream);
  checkMirror(route, live, fail);
  checkDeferral(route, live, upstreams, fail);
}

function checkMirror({ mirror }: RouteConfig, live: readonly string[], fail: Fail): void {
  if (mirror === undefined) return;
  if (live.length === 0) fail(['mirror'], '`mirror` has no meaning here: the route leads to no upstream');
  if (live.includes(mirror.upstream))
    fail(['mirror', 'upstream'], `"${mirror.upstream}" is where the route leads: it would get these requests twice`);
}

/** Checks `async`: the client has to get its 202 before a timeout ends the request. */
function checkDeferral(
  { async: deferral, hedge, timeoutMs, responseTimeoutMs }: RouteConfig,
  live: readonly string[],
  upstreams: readonly (UpstreamConfig | undefined)[],
  fail: Fail,
): void {
  if (deferral === undefined) return;
  if (live.length === 0) fail(['async'], '`async` has no meaning here: the route leads to no upstream');
  if (hedge !== undefined)
    fail(['async'], '`async` and `hedge` contradict each other: one waits long, the other does not want to');
  const limits: [number, string][] = [
    [timeoutMs ?? 0, 'the route’s `timeout`'],
    [responseTimeoutMs ?? 0, 'the route’s `responseTimeout`'],
  ];
  for (const upstream of upstreams) {
    if (upstream === undefined || !live.includes(upstream.name)) continue;
    if (responseTimeoutMs === undefined)
      limits.push([upstream.responseTimeoutMs, `the \`responseTimeout\` of the upstream "${upstream.name}"`]);
    if (timeoutMs === null) limits.push([upstream.timeoutMs, `the \`timeout\` of the upstream "${upstream.name}"`]);
  }
  const broken = limits.find(([limitMs]) => limitMs !== 0 && deferral.afterMs >= limitMs);
  if (broken === undefined) return;
  const message = `no request would ever be deferred: after ${durationText(deferral.afterMs)} it has already failed by ${broken[1]} of ${durationText(broken[0])}`;
  fail(['async', 'after'], message);
}
