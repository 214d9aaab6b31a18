// Compiles one route as written to the Route that exchanges use. Does not put it into the route table.

import type { LinearRegex } from '../base/linear-regex.ts';
import type { ConcurrencyConfig } from '../config/admission-config.ts';
import { onlyUpstream } from '../config/bare-route.ts';
import type { Problem, RewriteConfig, RouteConfig } from '../config/config.ts';
import type { Chain } from '../exchange/chain.ts';
import { noPages } from '../exchange/error-pages.ts';
import type { Filter } from '../exchange/filter.ts';
import type { KeptAnswers } from '../exchange/kept/kept-answers.ts';
import { type Destination, Route, RoutePlan, type RouteSettings } from '../exchange/route.ts';
import { type PathPattern, PathPatternError } from '../route/path-pattern.ts';
import { compileRewrite, type Rewrite, RewriteError } from '../route/rewrite.ts';
import { type BlockOffsets, offsetIn } from '../telemetry/metric-registry.ts';
import type { Gate } from '../upstream/admission/gate.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { type CanaryParts, compileCanary } from './compile-canary.ts';
import { buildFilters, chainOf, type StockedWorkshop } from './compile-chain.ts';
import { compileDeferral } from './compile-deferral.ts';
import { compileDestination } from './compile-destination.ts';
import { compileFallbackCache } from './compile-fallback-cache.ts';
import { compileMirror } from './compile-mirror.ts';
import { compileResilience } from './compile-resilience.ts';
import type { PlainPlans } from './plain-plans.ts';
import { Report } from './report.ts';

/** What compiling any route of one configuration needs. */
export interface RouteSurroundings {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly workshop: StockedWorkshop;
  readonly globalFilters: readonly Filter[];
  /** The one chain for all routes without filters of their own. */
  readonly globalChain: Chain;
  readonly plainPlans: PlainPlans;
  readonly routeMetricOffsets: BlockOffsets;
  /** Compiled regexes by source, so that each is compiled once. */
  readonly regexes: Map<string, LinearRegex>;
  /** What compiling a route with a canary needs in addition. */
  readonly canaries: Pick<CanaryParts, 'canaryMetricOffsets' | 'states' | 'now'>;
  readonly mirrorMetricOffsets: BlockOffsets;
  /** Makes the gate of a route with `concurrency`. */
  readonly gateOf: (route: string, spec: ConcurrencyConfig) => Gate;
}

/** Null, with the reasons in `problems`, when the route cannot be compiled. `index` is its place in the configuration. */
export function compileRoute(
  config: RouteConfig,
  index: number,
  pattern: PathPattern | PathPatternError,
  surroundings: RouteSurroundings,
  problems: Problem[],
): Route | null {
  const { upstreams, workshop, plainPlans, routeMetricOffsets, mirrorMetricOffsets, gateOf } = surroundings;
  // The route table reports the error in the path, so it is not reported here again.
  if (pattern instanceof PathPatternError) return null;

  const only = onlyUpstream(config);
  const upstream = only === null ? undefined : upstreams.get(only);
  if (upstream !== undefined) {
    const offset = offsetIn(routeMetricOffsets, config.name);
    return new Route(config.name, plainPlans.planOf(upstream, timeoutOf(config)), offset);
  }

  const known = problems.length;
  const report = new Report(problems, ['routes', index]);
  const rewrite = config.rewrite === null ? null : rewriteOf(config.rewrite, pattern, report.at('rewrite'));
  const sharedTable = workshop.worker.sharedTable.bind(workshop.worker);
  const slot = surroundings.globalFilters.length + config.filters.length;
  const kept = compileFallbackCache(config, slot, sharedTable);
  const chain = routeChain(config, kept, surroundings, report.at('filters'));
  const destination = destinationOf(config, pattern, surroundings, report);
  const metricsOffset = offsetIn(routeMetricOffsets, config.name);
  const source = { chain, rewrite, metricsOffset };
  const mirror = compileMirror(config, source, upstreams, mirrorMetricOffsets, report.at('mirror'));
  const resilience = compileResilience(config, upstreams, workshop.worker, kept, report);
  if (problems.length > known || chain === null || destination === null) return null;
  const { name, match, async: deferralConfig, concurrency, priority } = config;
  const settings = { ...settingsOf(config), rewrite, resilience };
  const deferred = { name, match, destination, settings, metricsOffset };
  const deferral =
    deferralConfig === undefined ? null : compileDeferral(deferralConfig, deferred, workshop, report.at('async'));
  if (problems.length > known) return null;
  const gate = concurrency === undefined ? null : gateOf(name, concurrency);
  const plan = new RoutePlan(chain, destination, { ...settings, gate, priority, mirror, deferral });
  return new Route(name, plan, metricsOffset);
}

/** Null, with the reason in `report`, when the rewrite does not fit the path. */
function rewriteOf(rewrite: RewriteConfig, pattern: PathPattern, report: Report): Rewrite | null {
  const compiled = compileRewrite(rewrite, pattern);
  return compiled instanceof RewriteError ? report.at(...compiled.path).fail(compiled.message) : compiled;
}

/** The global filters, the route's own, and the one that keeps its answers. Null, with the reasons in `report`, when one cannot be built. */
function routeChain(
  { name, filters }: RouteConfig,
  kept: KeptAnswers | null,
  { workshop, globalFilters, globalChain }: RouteSurroundings,
  report: Report,
): Chain | null {
  if (filters.length === 0 && kept === null) return globalChain;
  const own = buildFilters(filters, { firstSlot: globalFilters.length, routeName: name }, workshop, report);
  if (kept !== null) own.push(kept.filter);
  return chainOf([...globalFilters, ...own], report);
}

/** As `RoutePlan.timeoutMs` has it: a route may say that there is no limit. */
function timeoutOf({ timeoutMs }: RouteConfig): number {
  return timeoutMs === 0 ? Infinity : (timeoutMs ?? 0);
}

/** The settings that need no compiling. */
function settingsOf(config: RouteConfig): RouteSettings {
  const { responseTimeoutMs, idleTimeoutMs, limits, accessLogSample } = config;
  return {
    timeoutMs: timeoutOf(config),
    responseTimeoutMs,
    idleTimeoutMs,
    bodyBytesMax: limits?.bodyBytesMax,
    accessLogSample,
    errorPages: config.errorPages === 'off' ? noPages : config.errorPages,
  };
}

/** Null, with the reasons in `report`, when the destination cannot be compiled. `to` is checked even if the route has a canary. */
function destinationOf(
  config: RouteConfig,
  pattern: PathPattern,
  { upstreams, workshop, regexes, canaries }: RouteSurroundings,
  report: Report,
): Destination | null {
  const destination = compileDestination(config.to, pattern, upstreams, report.at('to'));
  if (config.canary === undefined) return destination;
  const specOfStore = (store: string) => workshop.shelf.spec(store);
  const parts = { upstreams, regexes, specOfStore, ...canaries };
  const choice = compileCanary(config, config.canary, parts, report.at('canary'));
  return choice === null ? null : { kind: 'canary', choice };
}
