// Compiles a route's `canary` to the choice that its exchanges make, and derives the key under which all threads share its state.

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

/** The key of a route's canary. A changed definition has another key: it is a new canary, which begins at its first step. */
export function canaryKey({ name, to, canary }: RouteConfig): string {
  return `canary ${name} ${JSON.stringify([to, canary])}`;
}

/** What a worker needs to compile a canary. `now` is in ms of the worker's clock. */
export interface CanaryParts {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly canaryMetricOffsets: BlockOffsets;
  readonly states: SharedStates;
  readonly now: number;
  readonly regexes: Map<string, LinearRegex>;
  /** The settings of an existing store, by name; check-references.ts has checked that it exists. */
  readonly specOfStore: (name: string) => StoreSpec;
}

/** Null, with a problem reported, when an upstream does not exist or the store cannot keep canaries. */
export function compileCanary(
  route: RouteConfig,
  canary: CanaryConfig,
  { upstreams, canaryMetricOffsets, states, now, regexes, specOfStore }: CanaryParts,
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
  const at = offsetIn(canaryMetricOffsets, route.name);
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
    // Because: the schema has compiled every expression already, so this cannot fail.
    if (typeof test === 'string') throw new TypeError(test);
    return test;
  };
  return [
    ...always.headers.map(({ name, match }) => new HeaderCondition(name, check(match))),
    ...always.cookies.map(({ name, match }) => new CookieCondition(name, check(match))),
  ];
}
