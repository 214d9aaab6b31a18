// The failover drill: runs the gateway with the upstreams of a configuration and stand-ins for their endpoints, and makes one stand-in fail
// in every way under load. Only measures; the advice is in failover-advice.ts.

import { setTimeout as delay } from 'node:timers/promises';
import type { UpstreamConfig } from '../../config/config.ts';
import { loadFile } from '../../runtime/load.ts';
import type { Supervisor } from '../../runtime/supervisor.ts';
import { drillConfig } from './drill-config.ts';
import { onDrillGateway } from './drill-gateway.ts';
import { DrillLoad } from './drill-load.ts';
import { healthyResponseFor } from './healthy-response.ts';
import { type FailureName, failureNames, StandIn } from './stand-in.ts';

/** Number of stand-ins for an upstream with discovered endpoints, which are not known beforehand. */
const DISCOVERED = 3;
const CALM_MS = 1_000;
const RECOVER_MS = 20_000;

export interface FailoverResult {
  readonly upstream: string;
  readonly endpoints: number;
  readonly failure: FailureName;
  readonly requests: number;
  readonly failed: number;
  readonly p99BeforeMs: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  /** Milliseconds until the endpoint got no more requests; null when it stayed in use. */
  readonly ejectedAfterMs: number | null;
  /** Milliseconds from its recovery until the endpoint was used again; null when it was not, or never left. */
  readonly backAfterMs: number | null;
}

/** Runs every failure for each upstream, each for `holdMs`. Rejects when the gateway does not start. */
export async function runFailover(
  file: string,
  upstreams: readonly UpstreamConfig[],
  holdMs: number,
  onResult: (result: FailoverResult) => void,
): Promise<void> {
  const loaded = await loadFile(file);
  const stage = new Map<string, StandIn[]>();
  try {
    for (const upstream of upstreams) stage.set(upstream.name, await standInsFor(upstream));
    await onDrillGateway(loaded, drillConfig(loaded.config!, upstreams, stage), async supervisor => {
      const [base] = supervisor.status.listeners;
      for (const { name } of upstreams) {
        for (const failure of failureNames) {
          const place = { supervisor, upstream: name, url: `${base}/drill/${name}`, standIns: stage.get(name)! };
          onResult(await drillOne(place, failure, holdMs));
        }
      }
    });
  } finally {
    for (const standIn of [...stage.values()].flat()) await standIn.close();
  }
}

/** A running gateway with stand-ins behind one of its upstreams, which it serves at `url`. */
interface DrilledUpstream {
  readonly supervisor: Supervisor;
  readonly upstream: string;
  readonly url: string;
  readonly standIns: readonly StandIn[];
}

async function drillOne(
  { supervisor, upstream, url, standIns }: DrilledUpstream,
  failure: FailureName,
  holdMs: number,
): Promise<FailoverResult> {
  const victim = standIns[0]!;
  const victimUrl = `http://127.0.0.1:${victim.port}`;
  const isUsed = async () => {
    const { upstreams } = await supervisor.upstreams();
    const endpoint = upstreams.find(({ name }) => name === upstream)?.endpoints.find(each => each.url === victimUrl);
    return endpoint !== undefined && !['ejected', 'unhealthy', 'open'].includes(endpoint.state);
  };
  const timeUntil = async (used: boolean, withinMs: number): Promise<number | null> => {
    const began = performance.now();
    while (performance.now() - began < withinMs) {
      if ((await isUsed()) === used) return Math.round(performance.now() - began);
      await delay(20);
    }
    return null;
  };
  await timeUntil(true, RECOVER_MS);
  const load = new DrillLoad(url);
  await delay(CALM_MS);
  const failedAt = performance.now();
  await victim.fail(failure);
  const ejectedAfterMs = await timeUntil(false, holdMs);
  await delay(Math.max(0, holdMs - (performance.now() - failedAt)));
  const healedAt = performance.now();
  await victim.heal();
  const backAfterMs = ejectedAfterMs === null ? null : await timeUntil(true, RECOVER_MS);
  await load.stop();
  const { requests, failed, p99Ms, longestMs } = load.between(failedAt - CALM_MS / 2, healedAt);
  const { p99Ms: p99BeforeMs } = load.between(failedAt - CALM_MS / 2, failedAt - CALM_MS / 10);
  return {
    upstream,
    endpoints: standIns.length,
    failure,
    requests,
    failed,
    p99BeforeMs,
    p99Ms,
    longestMs,
    ejectedAfterMs,
    backAfterMs,
  };
}

async function standInsFor({ endpoints, healthCheck }: UpstreamConfig): Promise<StandIn[]> {
  const count = endpoints.length === 0 ? DISCOVERED : endpoints.length;
  const standIns = Array.from({ length: count }, () => new StandIn(healthyResponseFor(healthCheck)));
  for (const standIn of standIns) await standIn.listen();
  return standIns;
}
