// From a checked Config to the Snapshot of one worker, beside the one that serves and in slices. Swaps nothing.

import { isDeepStrictEqual } from 'node:util';
import type { Config, Problem, RouteConfig } from '../config/config.ts';
import { ConsumerDirectory } from '../exchange/consumer-directory.ts';
import type { Filter } from '../exchange/filter.ts';
import type { Route } from '../exchange/route.ts';
import type { Snapshot } from '../exchange/snapshot.ts';
import type { RouteProblem } from '../route/route-problem.ts';
import { RouteTableBuilder } from '../route/route-table-builder.ts';
import type { Store } from '../store/store.ts';
import { type BlockOffsets, NO_ROUTE_LABEL, offsetIn } from '../telemetry/metric-registry.ts';
import type { Gate } from '../upstream/admission/gate.ts';
import { makeGate } from '../upstream/admission/make-gate.ts';
import { SharedStates } from '../upstream/state/shared-states.ts';
import type { Upstream, UpstreamContext } from '../upstream/upstream.ts';
import { buildFilters, chainOf, type FilterWorkshop } from './compile-chain.ts';
import { answerRoutes } from './compile-deferral.ts';
import { compileRoute, type RouteSurroundings } from './compile-route.ts';
import { compileStores, keepsStores, StoreShelf, type Stores } from './compile-stores.ts';
import { compileUpstreams } from './compile-upstreams.ts';
import { identityHeadersOf } from './identity-headers.ts';
import { SliceBudget } from './slice-budget.ts';

/** What a worker has beside the Config. */
export interface CompileContext extends FilterWorkshop {
  readonly pools: UpstreamContext;
  readonly routeOffsets: BlockOffsets;
  readonly upstreamOffsets: BlockOffsets;
  readonly canaryOffsets: BlockOffsets;
  readonly mirrorOffsets: BlockOffsets;
}

/** A Snapshot with what the next compilation takes over from it. */
export interface Compiled {
  readonly config: Config;
  readonly snapshot: Snapshot;
  readonly globalFilters: readonly Filter[];
  readonly stores: Stores;
  /** Stores that its filters asked for when they were built; those of filters that were kept are open already. */
  readonly askedStores: ReadonlySet<Store>;
  /** By the route's configuration: an unchanged one is the same object over reloads. */
  readonly routes: ReadonlyMap<RouteConfig, Route>;
  /** Routes that were taken over from the compilation before. */
  readonly keptRoutes: number;
}

/** `compiled` is null exactly when a problem is an error. */
export interface CompileResult {
  readonly compiled: Compiled | null;
  readonly problems: readonly Problem[];
}

/** Yields at least every few milliseconds of work; run it with `runSliced` where traffic is served. */
export function* compileSnapshot(
  config: Config,
  previous: Compiled | null,
  context: CompileContext,
): Generator<void, CompileResult, void> {
  const problems: Problem[] = [];
  const running = previous === null ? null : { config: previous.config, upstreams: previous.snapshot.upstreams };
  const upstreams = yield* compileUpstreams(config, running, context.upstreamOffsets, context.pools, context.worker);

  const stores = compileStores(config.stores, previous?.stores ?? new Map());
  const shelf = new StoreShelf(stores);
  const workshop = { ...context, shelf };
  const sameStores = previous !== null && keepsStores(previous.stores, stores);
  const sameFilters = sameStores && isDeepStrictEqual(previous.config.filters, config.filters);
  const place = { firstSlot: 0, routeName: '', path: ['filters'] };
  const globalFilters = sameFilters ? previous.globalFilters : buildFilters(config.filters, place, workshop, problems);
  const globalChain = chainOf(globalFilters, place.path, problems);
  if (globalChain === null) return { compiled: null, problems };

  const states = context.pools.states ?? new SharedStates(null, 0);
  const surroundings: RouteSurroundings = {
    upstreams,
    workshop,
    globalFilters,
    globalChain,
    offsets: context.routeOffsets,
    regexes: new Map(),
    canaries: { offsets: context.canaryOffsets, states, now: context.pools.io.clock.now },
    mirrorOffsets: context.mirrorOffsets,
    gateOf: (name, spec) => makeGate(`route ${name}`, spec, context.pools.io, states),
  };
  const routes = new Map<RouteConfig, Route>();
  const table = new RouteTableBuilder<Route | null>(previous?.snapshot.routes);
  const budget = new SliceBudget();
  const runningNow = previous?.snapshot.upstreams ?? upstreams;
  let keptRoutes = 0;
  for (const [index, route] of config.routes.entries()) {
    const before = sameFilters ? previous.routes.get(route) : undefined;
    const still = before !== undefined && isStillTrue(before, route, runningNow, upstreams, context.routeOffsets);
    const kept = still ? before : null;
    const value = kept ?? compileRoute(route, index, surroundings, problems);
    if (kept !== null) keptRoutes++;
    if (value !== null) routes.set(route, value);
    table.add({ name: route.name, match: route.match, value });
    if (budget.spent()) {
      yield;
      budget.resume();
    }
  }
  const built = table.finish();
  problems.push(...built.problems.map(problem => documentProblem(problem, config)));
  if (problems.some(({ severity }) => severity === 'error')) return { compiled: null, problems };
  const snapshot: Snapshot = {
    version: config.version,
    // Because: a route without a value has told its problem, so there is none when this line is reached.
    routes: built.table as Snapshot['routes'],
    upstreams,
    gates: gatesOf(routes.values(), upstreams.values()),
    consumers: sameConsumers(previous?.config, config)
      ? previous!.snapshot.consumers
      : new ConsumerDirectory(config.consumers, config.plans),
    identityHeaders: identityHeadersOf(config, context.definitions),
    answers: answerRoutes(routes.values()),
    limits: config.limits,
    shedding: config.shedding,
    paths: config.paths,
    accessLogSample: config.accessLog.path === 'off' ? -1 : config.accessLog.sample,
    noRouteMetricsOffset: offsetIn(context.routeOffsets, NO_ROUTE_LABEL),
  };
  return {
    compiled: { config, snapshot, globalFilters, stores, askedStores: shelf.asked, routes, keptRoutes },
    problems,
  };
}

function gatesOf(routes: Iterable<Route>, upstreams: Iterable<Upstream>): Map<string, Gate> {
  const gates = new Map<string, Gate>();
  for (const { name, gate } of routes) if (gate !== null) gates.set(`route ${name}`, gate);
  for (const { name, gate } of upstreams) if (gate !== null) gates.set(`upstream ${name}`, gate);
  return gates;
}

/** Whether the directory of before is still true; consumers that did not change are the same objects. */
function sameConsumers(before: Config | undefined, now: Config): boolean {
  return (
    before !== undefined &&
    before.consumers.length === now.consumers.length &&
    before.consumers.every((consumer, at) => consumer === now.consumers[at]) &&
    isDeepStrictEqual(before.plans, now.plans)
  );
}

/** Whether what a compiled route points to is still what serves: its upstreams, and where it counts. */
function isStillTrue(
  route: Route,
  { to, fallback, canary, mirror }: RouteConfig,
  before: ReadonlyMap<string, Upstream>,
  now: ReadonlyMap<string, Upstream>,
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
