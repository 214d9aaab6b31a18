// From a route's `mirror` to the plan that its exchanges are copied by.

import type { Problem, RouteConfig } from '../config/config.ts';
import type { Chain } from '../exchange/chain.ts';
import { MirrorPlan } from '../exchange/mirror/mirror-plan.ts';
import { Route, RoutePlan } from '../exchange/route.ts';
import type { Rewrite } from '../route/rewrite.ts';
import { type BlockOffsets, offsetIn } from '../telemetry/metric-registry.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** What copies have in common with the exchanges that they are copies of. */
interface Copied {
  readonly chain: Chain | null;
  readonly rewrite: Rewrite | null;
  readonly metricsOffset: number;
}

/** `path` leads to `mirror` in the document. Null where there is none, or with a problem told. */
export function compileMirror(
  { name, mirror }: RouteConfig,
  { chain, rewrite, metricsOffset }: Copied,
  upstreams: ReadonlyMap<string, Upstream>,
  offsets: BlockOffsets,
  path: readonly (string | number)[],
  problems: Problem[],
): MirrorPlan | null {
  if (mirror === undefined || chain === null) return null;
  const upstream = upstreams.get(mirror.upstream);
  if (upstream === undefined) {
    const message = `there is no upstream "${mirror.upstream}"`;
    problems.push({ path: [...path, 'upstream'], message, severity: 'error' });
    return null;
  }
  const { compare } = mirror;
  const spec = { ...mirror, compare: compare === null ? null : { ...compare, ignore: new Set(compare.ignore) } };
  // Its filters have run when a copy goes out. That there were some says that the head may not be sent as it was received.
  const silent: Chain = {
    filters: chain.filters,
    onRequest: [],
    requestPlaces: [],
    hasRequestBody: false,
    onResponse: [],
    responsePlaces: [],
    hasEnd: false,
  };
  const sent = new RoutePlan(silent, { kind: 'upstream', upstream }, rewrite, mirror.timeoutMs);
  const route = new Route(name, sent, metricsOffset);
  return new MirrorPlan(name, spec, upstream, route, offsetIn(offsets, name));
}
