// The rollback drill: runs the gateway with one of the user's canaries and stand-ins for both versions, and lets the new version behave
// well and badly under load. Only measures; the advice is in rollback-report.ts.

import { setTimeout as delay } from 'node:timers/promises';
import type { Config, RouteConfig, UpstreamConfig } from '../../config/config.ts';
import type { CanaryConfig } from '../../config/rollout-config.ts';
import { type LoadedFile, loadFile } from '../../runtime/load.ts';
import type { Supervisor } from '../../runtime/supervisor.ts';
import { drillConfig, withEndpointsInUse } from './drill-config.ts';
import { onDrillGateway } from './drill-gateway.ts';
import { DrillLoad } from './drill-load.ts';
import { healthyResponseFor } from './healthy-response.ts';
import { type FailureName, StandIn } from './stand-in.ts';

/** A route with a canary. */
export type CanaryRoute = RouteConfig & { readonly canary: CanaryConfig };

/** Behaviour of the new version: `well` should be promoted, all others rolled back. */
export const canaryBehaviours = ['well', 'failing', 'resetting', 'killed', 'slow'] as const;
export type CanaryBehaviour = (typeof canaryBehaviours)[number];

export interface RollbackResult {
  readonly route: string;
  readonly behaviour: CanaryBehaviour;
  readonly outcome: 'promoted' | 'rolled back' | 'undecided';
  readonly reason: string;
  /** Milliseconds until the outcome. */
  readonly tookMs: number;
  /** Share that the canary had when the outcome was decided, 0 to 1. */
  readonly share: number;
  readonly requests: number;
  /** Failed requests of clients until the outcome, and after it. */
  readonly failed: number;
  readonly failedAfterwards: number;
}

/** A drill ends after this time without an outcome: with few requests, a step with a small share takes long. */
const PATIENCE_MS = 45_000;
const AFTERWARDS_MS = 500;

/**
 * Runs every behaviour for each route; a step lasts at most `stepMs`, whatever the configuration says. Rejects when the gateway does not
 * start.
 */
export async function runRollback(
  file: string,
  routes: readonly CanaryRoute[],
  stepMs: number,
  onResult: (result: RollbackResult) => void,
): Promise<void> {
  const loaded = await loadFile(file);
  for (const route of routes) {
    for (const behaviour of canaryBehaviours) onResult(await drillOne(loaded, route, behaviour, stepMs));
  }
}

async function drillOne(
  loaded: LoadedFile,
  route: CanaryRoute,
  behaviour: CanaryBehaviour,
  stepMs: number,
): Promise<RollbackResult> {
  const stage = new Map<string, StandIn[]>();
  try {
    const upstreams = upstreamsOf(loaded.config!, route);
    for (const { name, healthCheck } of upstreams) {
      const standIn = new StandIn(healthyResponseFor(healthCheck));
      await standIn.listen();
      stage.set(name, [standIn]);
    }
    const config = rollbackConfig(loaded.config!, route, upstreams, stage, stepMs);
    if (behaviour !== 'well') await stage.get(route.canary.upstream)![0]!.fail(behaviour satisfies FailureName);
    return await onDrillGateway(loaded, config, supervisor => measure(supervisor, route.name, behaviour));
  } finally {
    for (const [standIn] of stage.values()) await standIn!.close();
  }
}

async function measure(supervisor: Supervisor, route: string, behaviour: CanaryBehaviour): Promise<RollbackResult> {
  const began = performance.now();
  const load = new DrillLoad(`${supervisor.status.listeners[0]}/drill`);
  let share = 0;
  let outcome: RollbackResult['outcome'] = 'undecided';
  let reason = '';
  while (outcome === 'undecided' && performance.now() - began < PATIENCE_MS) {
    await delay(20);
    const report = supervisor.canaryReports.get(route);
    if (report === undefined) continue;
    if (report.phase === 'promoted') outcome = 'promoted';
    else if (report.phase === 'rolledBack') outcome = 'rolled back';
    else share = report.share;
    reason = report.decisions.at(-1)?.reason ?? '';
  }
  const decidedAt = performance.now();
  await delay(AFTERWARDS_MS);
  await load.stop();
  const { requests, failed } = load.between(began, decidedAt);
  // Requests that were under way at the decision may still fail.
  const afterwards = load.between(decidedAt + AFTERWARDS_MS / 5, performance.now());
  return {
    route,
    behaviour,
    outcome,
    reason,
    tookMs: Math.round(decidedAt - began),
    share: outcome === 'promoted' ? 1 : share,
    requests,
    failed,
    failedAfterwards: afterwards.failed,
  };
}

function upstreamsOf({ upstreams }: Config, { to, canary }: CanaryRoute): UpstreamConfig[] {
  return upstreams
    .filter(({ name }) => name === canary.upstream || (to.kind === 'upstream' && to.upstream === name))
    .map(withEndpointsInUse);
}

/**
 * A configuration with this route alone and without filters. The canary is chosen by request, and its steps are short enough for a drill.
 */
function rollbackConfig(
  config: Config,
  route: CanaryRoute,
  upstreams: readonly UpstreamConfig[],
  stage: ReadonlyMap<string, readonly StandIn[]>,
  stepMs: number,
): Config {
  const { name, to, timeoutMs, retry, canary } = route;
  const match = { hosts: [], path: '/drill', methods: [], headers: [], query: [], cookies: [], body: [] };
  const steps = canary.steps.map(({ share, forMs }) => ({ share, forMs: Math.min(forMs, stepMs) }));
  const drilled: RouteConfig = {
    name,
    match,
    public: true,
    filters: [],
    rewrite: null,
    to,
    timeoutMs,
    ...(retry !== undefined && { retry }),
    // The drill must not read or change the state that the production gateways share.
    canary: {
      ...canary,
      steps,
      by: { kind: 'request' },
      always: { headers: [], cookies: [], consumers: [] },
      store: undefined,
    },
  };
  const one = upstreams.map(upstream => ({ ...upstream, endpoints: upstream.endpoints.slice(0, 1) }));
  return { ...drillConfig(config, one, stage), routes: [drilled] };
}
