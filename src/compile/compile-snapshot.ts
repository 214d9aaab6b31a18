// Compiles a checked Config to the Snapshot of one worker, in slices and while the old Snapshot serves. Does not swap the two.

import { isDeepStrictEqual } from 'node:util';
import type { Config, Problem } from '../config/config.ts';
import { listenerNames } from '../config/listener-keys.ts';
import { ErrorPages } from '../exchange/error-pages.ts';
import type { Filter } from '../exchange/filter.ts';
import { ConsumerDirectory } from '../exchange/identity/consumer-directory.ts';
import type { Route } from '../exchange/route.ts';
import type { Snapshot } from '../exchange/snapshot.ts';
import type { Store } from '../store/store.ts';
import { type BlockOffsets, NO_ROUTE_LABEL, offsetIn } from '../telemetry/metric-registry.ts';
import type { Gate } from '../upstream/admission/gate.ts';
import { makeGate } from '../upstream/admission/make-gate.ts';
import { SharedStates } from '../upstream/state/shared-states.ts';
import type { Upstream, UpstreamContext } from '../upstream/upstream.ts';
import { buildFilters, chainOf, type FilterWorkshop } from './compile-chain.ts';
import { answerRoutes } from './compile-deferral.ts';
import type { RouteSurroundings } from './compile-route.ts';
import { type CompiledRoutes, compileRoutes } from './compile-routes.ts';
import { compileStores, hasAllStores, StoreShelf, type Stores } from './compile-stores.ts';
import { compileUpstreams } from './compile-upstreams.ts';
import { identityHeadersOf } from './identity-headers.ts';
import { PlainPlans } from './plain-plans.ts';
import { Report } from './report.ts';
import { SliceBudget } from './slice-budget.ts';
import { takenFieldProblems, untrustedForwardingFieldProblems } from './taken-fields.ts';
import { unservedMethodProblems } from './unserved-methods.ts';

/** What a worker provides for compiling, besides the Config. */
export interface CompileContext extends FilterWorkshop {
  readonly pools: UpstreamContext;
  readonly routeMetricOffsets: BlockOffsets;
  readonly upstreamMetricOffsets: BlockOffsets;
  readonly canaryMetricOffsets: BlockOffsets;
  readonly mirrorMetricOffsets: BlockOffsets;
}

/** A Snapshot, and what the next compilation can keep from it. */
export interface Compiled {
  readonly config: Config;
  readonly snapshot: Snapshot;
  readonly globalFilters: readonly Filter[];
  readonly stores: Stores;
  /** Stores that filters asked for while they were built. Stores of filters that were kept are not listed: they are open already. */
  readonly usedStores: ReadonlySet<Store>;
  /** The routes in the order of the configuration. An unchanged route is the same object over reloads. */
  readonly routes: readonly Route[];
  /** Number of routes that were kept from the previous compilation. */
  readonly keptRoutes: number;
}

/** `compiled` is null exactly when one of `problems` is an error. */
export interface CompileResult {
  readonly compiled: Compiled | null;
  readonly problems: readonly Problem[];
}

/** Yields at least every few milliseconds of work. Run it with `runSliced` on a thread that serves traffic. */
export function* compileSnapshot(
  config: Config,
  previous: Compiled | null,
  context: CompileContext,
  budget: SliceBudget = new SliceBudget(),
): Generator<void, CompileResult, void> {
  const problems: Problem[] = [];
  const running = previous === null ? null : { config: previous.config, upstreams: previous.snapshot.upstreams };
  const upstreams = yield* compileUpstreams(config, running, context, budget);
  yield* budget.pause();

  const stores = compileStores(config.stores, previous?.stores ?? new Map());
  const shelf = new StoreShelf(stores);
  const workshop = { ...context, shelf };
  const sameStores = previous !== null && hasAllStores(previous.stores, stores);
  const sameFilters = sameStores && isDeepStrictEqual(previous.config.filters, config.filters);
  const place = { firstSlot: 0, routeName: '' };
  const report = new Report(problems, ['filters']);
  const globalFilters = sameFilters ? previous.globalFilters : buildFilters(config.filters, place, workshop, report);
  const globalChain = chainOf(globalFilters, report);
  if (globalChain === null) return { compiled: null, problems };

  const states = context.pools.states ?? new SharedStates(null, 0);
  const surroundings: RouteSurroundings = {
    upstreams,
    workshop,
    globalFilters,
    globalChain,
    plainPlans: new PlainPlans(globalChain),
    routeMetricOffsets: context.routeMetricOffsets,
    regexes: new Map(),
    canaries: { canaryMetricOffsets: context.canaryMetricOffsets, states, now: context.pools.io.clock.now },
    mirrorMetricOffsets: context.mirrorMetricOffsets,
    gateOf: (name, spec) => makeGate(`route ${name}`, spec, context.pools.io, states),
  };
  const before = previous === null ? null : { ...previous, sameFilters };
  const built = yield* compileRoutes(config, before, surroundings, problems, budget);
  yield* budget.pause();
  const { identityHeaders, callerHeaders } = identityHeadersOf(config, context.definitions);
  if (identityHeaders !== null) problems.push(...takenFieldProblems(config, context.definitions, identityHeaders));
  problems.push(...untrustedForwardingFieldProblems(config));
  problems.push(...unservedMethodProblems(config));
  if (problems.some(({ severity }) => severity === 'error')) return { compiled: null, problems };
  const { routes, keptRoutes } = built;
  const noRouteMetricsOffset = offsetIn(context.routeMetricOffsets, NO_ROUTE_LABEL);
  const parts = { ...built, upstreams, identityHeaders, callerHeaders, noRouteMetricsOffset };
  const snapshot = snapshotOf(config, previous, parts);
  return {
    compiled: { config, snapshot, globalFilters, stores, usedStores: shelf.used, routes, keptRoutes },
    problems,
  };
}

/** The parts of a Snapshot that are compiled, not copied from the configuration. */
type CompiledParts = CompiledRoutes &
  Pick<Snapshot, 'upstreams' | 'identityHeaders' | 'callerHeaders' | 'noRouteMetricsOffset'>;

function snapshotOf(config: Config, previous: Compiled | null, parts: CompiledParts): Snapshot {
  const { routes, table, changed, upstreams, identityHeaders, callerHeaders, noRouteMetricsOffset } = parts;
  // Searching all routes for gates and deferrals would be most of the work of changing one route.
  const isPlainChange = changed?.every(({ plan: { gate, deferral } }) => gate === null && deferral === null) ?? false;
  const taken = previous !== null && isPlainChange ? previous.snapshot : null;
  return {
    version: config.version,
    routes: table,
    listenerNames: table.readsArrival ? listenerNames(config.listeners) : undefined,
    upstreams,
    gates: taken?.gates ?? gatesOf(routes, upstreams.values()),
    consumers: sameConsumers(previous?.config, config)
      ? previous!.snapshot.consumers
      : new ConsumerDirectory(config.consumers, config.plans),
    identityHeaders,
    callerHeaders,
    answers: taken === null ? answerRoutes(routes) : taken.answers,
    limits: config.limits,
    shedding: config.shedding,
    paths: config.paths,
    errorPages: errorPagesOf(config, previous),
    accessLogSample: accessLogSampleOf(config, previous),
    accessExtras: accessExtrasOf(config, previous),
    noRouteMetricsOffset,
  };
}

/** A log that a reload turns off goes on until the next start, so its share of the exchanges stays as it was. */
function accessLogSampleOf({ accessLog }: Config, previous: Compiled | null): number {
  return accessLog.path === 'off' && previous !== null ? previous.snapshot.accessLogSample : accessLog.sample;
}

/** Like the share, they stay as they were when a reload turns the log off. */
function accessExtrasOf({ accessLog }: Config, previous: Compiled | null): Snapshot['accessExtras'] {
  const { path, query = false, headers = [] } = accessLog;
  if (path === 'off' && previous !== null) return previous.snapshot.accessExtras;
  return query || headers.length > 0 ? { query, headers } : undefined;
}

/** Kept while the pages are the same: a reload of one route does not read all pages again. */
function errorPagesOf({ errorPages = {}, errorPageFiles }: Config, previous: Compiled | null): Snapshot['errorPages'] {
  if (errorPageFiles === undefined) return undefined;
  const { errorPages: before = {}, errorPageFiles: filesBefore } = previous?.config ?? {};
  const isKept = isDeepStrictEqual([before, filesBefore], [errorPages, errorPageFiles]);
  return isKept ? previous!.snapshot.errorPages : new ErrorPages(errorPages, errorPageFiles);
}

function gatesOf(routes: Iterable<Route>, upstreams: Iterable<Upstream>): Map<string, Gate> {
  const gates = new Map<string, Gate>();
  for (const { name, plan } of routes) if (plan.gate !== null) gates.set(`route ${name}`, plan.gate);
  for (const { name, gate } of upstreams) if (gate !== null) gates.set(`upstream ${name}`, gate);
  return gates;
}

/** Whether the previous consumer directory is still valid. Unchanged consumers are the same objects, so identity is compared. */
function sameConsumers(before: Config | undefined, now: Config): boolean {
  return (
    before !== undefined &&
    before.consumers.length === now.consumers.length &&
    before.consumers.every((consumer, at) => consumer === now.consumers[at]) &&
    isDeepStrictEqual(before.plans, now.plans)
  );
}
