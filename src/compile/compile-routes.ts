// From the routes of a Config to those of one worker, and to the table in which they are found. What did not change is taken
// over; where a few routes were replaced and nothing else that concerns them, so is the rest of the table.

import { changedRange } from '../base/changed-range.ts';
import type { Config, Problem, RouteConfig } from '../config/config.ts';
import type { Route } from '../exchange/route.ts';
import type { Snapshot } from '../exchange/snapshot.ts';
import { patchRouteTable } from '../route/patch-route-table.ts';
import type { RouteProblem } from '../route/route-problem.ts';
import type { RouteTable } from '../route/route-table.ts';
import { RouteTableBuilder } from '../route/route-table-builder.ts';
import { type BlockOffsets, offsetIn } from '../telemetry/metric-registry.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { compileRoute, type RouteSurroundings } from './compile-route.ts';
import { SliceBudget } from './slice-budget.ts';

/** What was compiled before, and whether the global filters are still the same. */
export interface RoutesBefore {
  readonly config: Config;
  readonly routes: readonly Route[];
  readonly snapshot: Snapshot;
  readonly sameFilters: boolean;
}

/** Of use when no problem was told. */
export interface CompiledRoutes {
  readonly routes: readonly Route[];
  readonly table: Snapshot['routes'];
  /** Routes that were taken over. */
  readonly keptRoutes: number;
}

/** Changes in one go, without a turn of the loop: some 2 ms of work. */
const patchedMax = 200;

type Upstreams = ReadonlyMap<string, Upstream>;

export function* compileRoutes(
  config: Config,
  before: RoutesBefore | null,
  upstreams: Upstreams,
  surroundings: RouteSurroundings,
  problems: Problem[],
): Generator<void, CompiledRoutes, void> {
  const patched = before === null ? null : patchRoutes(config, before, upstreams, surroundings);
  if (patched !== null) return patched;
  const runningNow = before?.snapshot.upstreams ?? upstreams;
  const known = new Map(before?.sameFilters ? before.config.routes.map((route, at) => [route, before.routes[at]]) : []);
  const routes: (Route | null)[] = [];
  const table = new RouteTableBuilder<Route | null>(before?.snapshot.routes);
  const budget = new SliceBudget();
  let keptRoutes = 0;
  for (const [index, route] of config.routes.entries()) {
    const old = known.get(route);
    const isKept = old !== undefined && isStillTrue(old, route, runningNow, upstreams, surroundings.offsets);
    const value = isKept ? old : compileRoute(route, index, surroundings, problems);
    if (isKept) keptRoutes++;
    routes.push(value);
    table.add({ name: route.name, match: route.match, value });
    if (budget.spent()) {
      yield;
      budget.resume();
    }
  }
  const built = table.finish();
  problems.push(...built.problems.map(problem => documentProblem(problem, config)));
  // Because: a route without a value has told its problem, and then nobody uses this.
  return { routes: routes as Route[], table: built.table as RouteTable<Route>, keptRoutes };
}

/**
 * Null when all routes have to be looked at, also for what is wrong with one. What is taken over still leads to the same upstreams,
 * and counts where it did: a name keeps its cells over reloads.
 */
function patchRoutes(
  config: Config,
  { config: configBefore, routes, snapshot, sameFilters }: RoutesBefore,
  upstreams: Upstreams,
  surroundings: RouteSurroundings,
): CompiledRoutes | null {
  const { from, toBefore, toNow } = changedRange(configBefore.routes, config.routes);
  if (!sameFilters || toBefore !== toNow || toNow - from > patchedMax) return null;
  if (!areSame(snapshot.upstreams, upstreams)) return null;
  const problems: Problem[] = [];
  const compiled: Route[] = [];
  const changes = [];
  for (let index = from; index < toNow; index++) {
    const now = config.routes[index];
    const value = compileRoute(now, index, surroundings, problems);
    if (value === null) return null;
    compiled.push(value);
    changes.push({ index, before: configBefore.routes[index], now: { name: now.name, match: now.match, value } });
  }
  const table = patchRouteTable(snapshot.routes, changes);
  if (table === null || problems.length > 0) return null;
  return {
    routes: routes.slice(0, from).concat(compiled, routes.slice(toNow)),
    table,
    keptRoutes: routes.length - compiled.length,
  };
}

function areSame(before: Upstreams, now: Upstreams): boolean {
  if (before.size !== now.size) return false;
  for (const [name, upstream] of now) if (before.get(name) !== upstream) return false;
  return true;
}

/** Whether what a compiled route points to is still what serves: its upstreams, and where it counts. */
function isStillTrue(
  route: Route,
  { to, fallback, canary, mirror }: RouteConfig,
  before: Upstreams,
  now: Upstreams,
  offsets: BlockOffsets,
): boolean {
  if (offsetIn(offsets, route.name) !== route.metricsOffset) return false;
  if (fallback?.kind === 'upstream' && before.get(fallback.upstream) !== now.get(fallback.upstream)) return false;
  if (mirror !== undefined && before.get(mirror.upstream) !== now.get(mirror.upstream)) return false;
  if (canary !== undefined && before.get(canary.upstream) !== now.get(canary.upstream)) return false;
  if (to.kind === 'upstream') return before.get(to.upstream) === now.get(to.upstream);
  if (to.kind === 'split') return to.targets.every(({ upstream }) => before.get(upstream) === now.get(upstream));
  return true;
}

function documentProblem({ routeIndex, otherIndex, path, message }: RouteProblem, config: Config): Problem {
  const name = config.routes[routeIndex].name;
  const text =
    otherIndex === null
      ? message
      : `route "${name}" can never be chosen: "${config.routes[otherIndex].name}" stands before it and matches the same requests`;
  return { path: ['routes', routeIndex, ...path], message: text, severity: 'error' };
}
