// Compiles a route's `mirror` to the plan by which its exchanges are copied.

import type { RouteConfig } from '../config/config.ts';
import type { Chain } from '../exchange/chain.ts';
import { MirrorPlan } from '../exchange/mirror/mirror-plan.ts';
import { Route, RoutePlan } from '../exchange/route.ts';
import type { Rewrite } from '../route/rewrite.ts';
import { type BlockOffsets, offsetIn } from '../telemetry/metric-registry.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { silentChain } from './compile-chain.ts';
import { upstreamNamed } from './compile-upstreams.ts';
import type { Report } from './report.ts';

/** The parts of a route that copies share with the original exchanges. */
interface Copied {
  readonly chain: Chain | null;
  readonly rewrite: Rewrite | null;
  readonly metricsOffset: number;
}

/** Null when the route has no `mirror` or no chain, or, with a problem reported, when the upstream does not exist. */
export function compileMirror(
  { name, mirror }: RouteConfig,
  { chain, rewrite, metricsOffset }: Copied,
  upstreams: ReadonlyMap<string, Upstream>,
  offsets: BlockOffsets,
  report: Report,
): MirrorPlan | null {
  if (mirror === undefined || chain === null) return null;
  const upstream = upstreamNamed(mirror.upstream, upstreams, report.at('upstream'));
  if (upstream === null) return null;
  const { compare } = mirror;
  const spec = { ...mirror, compare: compare === null ? null : { ...compare, ignore: new Set(compare.ignore) } };
  // The filters have run before a copy is sent. The chain lists them all the same: with filters, the head cannot be sent as received.
  const silent = silentChain(chain.filters);
  const sent = new RoutePlan(silent, { kind: 'upstream', upstream }, { rewrite, timeoutMs: mirror.timeoutMs });
  const route = new Route(name, sent, metricsOffset);
  return new MirrorPlan(name, spec, upstream, route, offsetIn(offsets, name));
}
