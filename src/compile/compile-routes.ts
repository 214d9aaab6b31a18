// Compiles the routes of a Config to those of one worker and to the table that finds them. Unchanged routes are kept. If only a few
// routes were replaced, and nothing else that concerns routes changed, the rest of the table is kept as well.

import { editedList, listEdits } from '../base/list-edits.ts';
import { upstreamsOf } from '../config/checks/route-upstreams.ts';
import type { Config, Problem, RouteConfig } from '../config/config.ts';
import type { Route } from '../exchange/route.ts';
import type { Snapshot } from '../exchange/snapshot.ts';
import type { RouteSpec } from '../route/candidate-maker.ts';
import { patchRouteTable } from '../route/patch-route-table.ts';
import { parsePathPattern } from '../route/path-pattern.ts';
import type { RouteProblem } from '../route/route-problem.ts';
import type { RouteTable } from '../route/route-table.ts';
import { RouteTableBuilder } from '../route/route-table-builder.ts';
import { type BlockOffsets, offsetIn } from '../telemetry/metric-registry.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { compileRoute, type RouteSurroundings } from './compile-route.ts';
import type { SliceBudget } from './slice-budget.ts';

/** The previous compilation, and whether the global filters are still the same. */
export interface RoutesBefore {
  readonly config: Config;
  readonly routes: readonly Route[];
  readonly snapshot: Snapshot;
  readonly sameFilters: boolean;
}

/** Valid only when no problem was reported. */
export interface CompiledRoutes {
  readonly routes: readonly Route[];
  readonly table: Snapshot['routes'];
  /** Number of routes that were kept from the previous compilation. */
  readonly keptRoutes: number;
  /** The routes that were added or removed, if all others are the same; null after a complete compilation. */
  readonly changed: readonly Route[] | null;
}

/** Largest number of routes removed, or added, for which the table is patched. */
const patchedMax = 200;

/** Number of routes compiled between two looks at the clock: about 0.05 ms of work. */
const routesPerLook = 8;

const noPlaces: ReadonlyMap<string, number> = new Map();

type Upstreams = ReadonlyMap<string, Upstream>;

export function* compileRoutes(
  config: Config,
  before: RoutesBefore | null,
  surroundings: RouteSurroundings,
  problems: Problem[],
  budget: SliceBudget,
): Generator<void, CompiledRoutes, void> {
  const patched = before === null ? null : yield* patchRoutes(config, before, surroundings, budget);
  if (patched !== null) return patched;
  const { upstreams } = surroundings;
  const runningNow = before?.snapshot.upstreams ?? upstreams;
  const placesBefore = before?.sameFilters ? placesByName(before.config.routes) : noPlaces;
  const routes: (Route | null)[] = [];
  const table = new RouteTableBuilder<Route | null>(before?.snapshot.routes);
  let keptRoutes = 0;
  // A separate function, since V8 leaves a loop that yields unoptimised for longer.
  const compileSome = (from: number, to: number): void => {
    for (let index = from; index < to; index++) {
      const route = config.routes[index]!;
      const place = placesBefore.get(route.name);
      const isSame = before !== null && place !== undefined && before.config.routes[place] === route;
      const old = isSame ? before.routes[place] : undefined;
      const isKept =
        old !== undefined && isStillTrue(old, route, runningNow, upstreams, surroundings.routeMetricOffsets);
      const pattern = table.patternOf(route.match.path);
      const value = isKept ? old : compileRoute(route, index, pattern, surroundings, problems);
      if (isKept) keptRoutes++;
      routes.push(value);
      table.add({ name: route.name, match: route.match, value });
    }
  };
  const { length } = config.routes;
  for (let from = 0; from < length; from += routesPerLook) {
    compileSome(from, Math.min(length, from + routesPerLook));
    yield* budget.pause();
  }
  const built = table.finish();
  problems.push(...built.problems.map(problem => documentProblem(problem, config)));
  // Because: a route that is null has reported a problem, and then this result is not used.
  return { routes: routes as Route[], table: built.table as RouteTable<Route>, keptRoutes, changed: null };
}

/**
 * Null when all routes have to be compiled, also to report the problems of one. Routes that are kept still lead to the same upstreams
 * and count in the same metric cells: a name keeps its cells over reloads.
 */
function* patchRoutes(
  config: Config,
  { config: configBefore, routes, snapshot, sameFilters }: RoutesBefore,
  surroundings: RouteSurroundings,
  budget: SliceBudget,
): Generator<void, CompiledRoutes | null, void> {
  if (!sameFilters || !areSame(snapshot.upstreams, surroundings.upstreams)) return null;
  const edits = listEdits(configBefore.routes, config.routes, patchedMax);
  if (edits === null) return null;
  const problems: Problem[] = [];
  const compiled: Route[] = [];
  const added: RouteSpec<Route>[] = [];
  for (const index of edits.added) {
    const route = config.routes[index]!;
    const { name, match } = route;
    const pattern = parsePathPattern(match.path, surroundings.regexes);
    const value = compileRoute(route, index, pattern, surroundings, problems);
    if (value === null) return null;
    compiled.push(value);
    added.push({ name, match, value });
    yield* budget.pause();
  }
  const removed = edits.removed.map(index => configBefore.routes[index]!.match);
  const table = patchRouteTable(snapshot.routes, { edits, removed, added });
  if (table === null || problems.length > 0) return null;
  yield* budget.pause();
  return {
    routes: editedList(routes, edits, compiled),
    table,
    keptRoutes: config.routes.length - compiled.length,
    changed: [...compiled, ...edits.removed.map(index => routes[index]!)],
  };
}

/** Indexes of routes by name. Not by identity: as a key of a Map, each object would first be given a hash number. */
function placesByName(routes: readonly RouteConfig[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (let at = 0; at < routes.length; at++) places.set(routes[at]!.name, at);
  return places;
}

function areSame(before: Upstreams, now: Upstreams): boolean {
  if (before.size !== now.size) return false;
  for (const [name, upstream] of now) if (before.get(name) !== upstream) return false;
  return true;
}

/** Whether a compiled route still leads to upstreams that serve, and still counts in the right metric cells. */
function isStillTrue(
  route: Route,
  config: RouteConfig,
  before: Upstreams,
  now: Upstreams,
  offsets: BlockOffsets,
): boolean {
  if (offsetIn(offsets, route.name) !== route.metricsOffset) return false;
  return upstreamsOf(config).every(name => before.get(name) === now.get(name));
}

function documentProblem({ routeIndex, otherIndex, path, message }: RouteProblem, config: Config): Problem {
  const name = config.routes[routeIndex]!.name;
  const text =
    otherIndex === null
      ? message
      : `route "${name}" can never be chosen: "${config.routes[otherIndex]!.name}" comes before it and matches the same requests`;
  return { path: ['routes', routeIndex, ...path], message: text, severity: 'error' };
}
