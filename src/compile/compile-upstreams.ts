// Makes the upstream objects of one worker from a Config. An upstream that did not change stays the same object, with its pools,
// connections and counts.

import { isDeepStrictEqual } from 'node:util';
import type { Config, UpstreamConfig } from '../config/config.ts';
import { type BlockOffsets, offsetIn } from '../telemetry/metric-registry.ts';
import { Upstream, type UpstreamContext } from '../upstream/upstream.ts';
import type { Report } from './report.ts';
import type { SliceBudget } from './slice-budget.ts';
import { type FeedShelf, membersOf } from './upstream-members.ts';

/** The upstreams that serve now, with the configuration from which they were made. */
export interface RunningUpstreams {
  readonly config: Config;
  readonly upstreams: ReadonlyMap<string, Upstream>;
}

/** What compiling any upstream needs. */
export interface UpstreamSurroundings {
  readonly upstreamMetricOffsets: BlockOffsets;
  /** What all pools of the worker share. */
  readonly pools: UpstreamContext;
  /** Where discovered endpoints come from. */
  readonly worker: FeedShelf;
}

/** Makes new and changed upstreams and keeps the others. Retires none: the old upstreams serve until the snapshot is swapped. */
export function* compileUpstreams(
  config: Config,
  previous: RunningUpstreams | null,
  { upstreamMetricOffsets, pools, worker }: UpstreamSurroundings,
  budget: SliceBudget,
): Generator<void, Map<string, Upstream>, void> {
  const before = new Map((previous?.config.upstreams ?? []).map(each => [each.name, each]));
  const upstreams = new Map<string, Upstream>();
  const context: UpstreamContext = { ...pools, zone: config.zone };
  const sameZone = previous?.config.zone === config.zone;
  for (const spec of config.upstreams) {
    const running = previous?.upstreams.get(spec.name) ?? null;
    const offset = offsetIn(upstreamMetricOffsets, spec.name);
    const kept =
      sameZone && running !== null && running.metricsOffset === offset && isSame(before.get(spec.name), spec);
    upstreams.set(spec.name, kept ? running : new Upstream(spec, offset, running, context, membersOf(spec, worker)));
    yield* budget.pause();
  }
  return upstreams;
}

/** Null, with a problem reported, when no upstream has this name. */
export function upstreamNamed(name: string, upstreams: ReadonlyMap<string, Upstream>, report: Report): Upstream | null {
  return upstreams.get(name) ?? report.fail(`there is no upstream "${name}"`);
}

/** The transfer to workers keeps the identity of unchanged settings; in other cases their values are compared. */
function isSame(before: UpstreamConfig | undefined, now: UpstreamConfig): boolean {
  return before === now || isDeepStrictEqual(before, now);
}
