// From a route's `canary` to the choice that its exchanges make, and the name under which all threads know it.

import type { LinearRegex } from '../base/linear-regex.ts';
import type { RouteConfig } from '../config/config.ts';
import type { CanaryConfig } from '../config/rollout-config.ts';
import { CanaryChoice } from '../exchange/canary-choice.ts';
import { type Condition, CookieCondition, HeaderCondition } from '../route/conditions.ts';
import { compileValueCheck } from '../route/value-check.ts';
import type { StoreSpec } from '../store/store-spec.ts';
import { CanaryCell } from '../telemetry/canary-cells.ts';
import { type BlockOffsets, offsetIn } from '../telemetry/metric-registry.ts';
import type { SharedStates } from '../upstream/state/shared-states.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { upstreamNamed } from './compile-upstreams.ts';
import type { Report } from './report.ts';

/** Another definition is another canary, which begins at its first step. */
export function canaryKey({ name, to, canary }: RouteConfig): string {
  return `canary ${name} ${JSON.stringify([to, canary])}`;
}

/** What choices are made of on a worker. */
export interface CanaryParts {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly offsets: BlockOffsets;
  readonly states: SharedStates;
  readonly now: number;
  readonly regexes: Map<string, LinearRegex>;
  /** Of a store that is there; see check-references. */
  readonly specOfStore: (name: string) => StoreSpec;
}

/** Null, with a problem told, when there is no such upstream, or its store keeps no canaries. */
export function compileCanary(
  route: RouteConfig,
  canary: CanaryConfig,
  { upstreams, offsets, states, now, regexes, specOfStore }: CanaryParts,
  report: Report,
): CanaryChoice | null {
  const stable = route.to.kind === 'upstream' ? upstreams.get(route.to.upstream) : undefined;
  const other = upstreamNamed(canary.upstream, upstreams, report.at('upstream'));
  if (other === null || stable === undefined) return null;
  if (canary.store !== undefined && specOfStore(canary.store).kind === 'postgres') {
    const message = `canaries are kept in Redis or SQLite; the store "${canary.store}" is postgres`;
    return report.at('store').fail(message);
  }
  const key = canaryKey(route);
  const at = offsetIn(offsets, route.name);
  return new CanaryChoice(
    key,
    { upstream: stable, cellsAt: at + CanaryCell.stable },
    { upstream: other, cellsAt: at + CanaryCell.canary },
    {
      conditions: conditionsOf(canary, regexes),
      consumers: new Set(canary.always.consumers),
      by: canary.by,
    },
    states.claim(key, now),
  );
}

function conditionsOf({ always }: CanaryConfig, regexes: Map<string, LinearRegex>): Condition[] {
  const check = (match: Parameters<typeof compileValueCheck>[0]) => {
    const test = compileValueCheck(match, regexes);
    // Because: the schema has compiled every expression already.
    if (typeof test === 'string') throw new TypeError(test);
    return test;
  };
  return [
    ...always.headers.map(({ name, match }) => new HeaderCondition(name, check(match))),
    ...always.cookies.map(({ name, match }) => new CookieCondition(name, check(match))),
  ];
}
