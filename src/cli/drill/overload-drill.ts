// The overload drill: sends three times the requests that an upstream can serve, through the gateway with the configuration's own settings,
// to stand-ins of known capacity. Only measures; the advice is in overload-advice.ts.

import { setTimeout as delay } from 'node:timers/promises';
import type { UpstreamConfig } from '../../config/config.ts';
import { type LoadedFile, loadFile } from '../../runtime/load.ts';
import type { Supervisor } from '../../runtime/supervisor.ts';
import { drillConfig } from './drill-config.ts';
import { onDrillGateway } from './drill-gateway.ts';
import { healthyResponseFor } from './healthy-response.ts';
import { type LimitedStandIn, startLimitedStandIn } from './limited-stand-in.ts';
import { type OpenLoadResult, openLoad } from './open-load.ts';

/** Requests that all stand-ins together process at once, for an upstream without a concurrency limit. */
const AT_ONCE = 16;
/** Number of stand-ins for an upstream with discovered endpoints, which are not known beforehand. */
const DISCOVERED = 3;
/** Limit of the stand-ins' capacity, in requests a second: with more, the drill would measure the machine that sends them. */
const CAPACITY_MAX = 500;
const CROWD = 3;
const CALM = 0.3;
const CALM_SECONDS = 1.5;
/** Warm-up before counting: until queues are full, and for an adaptive limit until it has settled. */
const WARM_UP_SECONDS = 1;
const ADAPT_SECONDS = 5;
const BYTES_PER_MIB = 1024 * 1024;

export interface OverloadResult {
  readonly upstream: string;
  readonly endpoints: number;
  /** Requests that all stand-ins together process at once, and the milliseconds that each request takes. */
  readonly atOnce: number;
  readonly serviceMs: number;
  /** Requests a second that the stand-ins can serve. */
  readonly capacity: number;
  readonly goodPerSecond: number;
  readonly calmP99Ms: number;
  readonly p99Ms: number;
  readonly sent: number;
  readonly refused: number;
  /** Requests without a response, or with a status other than 200 and 503. */
  readonly failed: number;
  /** Sum of the longest queues at the stand-ins: requests that were sent there although all places were busy. */
  readonly longestQueue: number;
  readonly memoryMiB: number;
  /** The 99th percentile of latency after the overload. */
  readonly afterP99Ms: number;
}

/**
 * Overloads each upstream for `seconds`; `serviceMs` is how long an endpoint takes for a request. Rejects when the gateway does not start.
 */
export async function runOverload(
  file: string,
  upstreams: readonly UpstreamConfig[],
  seconds: number,
  serviceMs: number,
  onResult: (result: OverloadResult) => void,
): Promise<void> {
  const loaded = await loadFile(file);
  for (const upstream of upstreams) onResult(await drillOne(loaded, upstream, seconds, serviceMs));
}

async function drillOne(
  loaded: LoadedFile,
  upstream: UpstreamConfig,
  seconds: number,
  wantedServiceMs: number,
): Promise<OverloadResult> {
  const count = upstream.endpoints.length === 0 ? DISCOVERED : upstream.endpoints.length;
  const limit = upstream.concurrency?.limit ?? 0;
  // Rounded down: with more places than the limit allows, the stand-ins could never all be busy.
  const each = Math.max(1, Math.floor((limit > 0 ? limit : AT_ONCE) / count));
  const atOnce = each * count;
  const serviceMs = Math.max(wantedServiceMs, Math.ceil((atOnce * 1_000) / CAPACITY_MAX));
  const standIns: LimitedStandIn[] = [];
  for (let i = 0; i < count; i++) {
    standIns.push(await startLimitedStandIn(each, serviceMs, healthyResponseFor(upstream.healthCheck)));
  }
  const config = drillConfig(loaded.config!, [upstream], new Map([[upstream.name, standIns]]));
  try {
    return await onDrillGateway(loaded, config, supervisor =>
      measure(supervisor, upstream, { standIns, atOnce, serviceMs }, seconds),
    );
  } finally {
    for (const standIn of standIns) await standIn.stop();
  }
}

/** The stand-ins for the endpoints of an upstream, and their capacity. */
interface Stage {
  readonly standIns: readonly LimitedStandIn[];
  /** Requests that all stand-ins together process at once, and the milliseconds that each request takes. */
  readonly atOnce: number;
  readonly serviceMs: number;
}

async function measure(
  supervisor: Supervisor,
  upstream: UpstreamConfig,
  { standIns, atOnce, serviceMs }: Stage,
  seconds: number,
): Promise<OverloadResult> {
  const port = Number(new URL(supervisor.status.listeners[0]!).port);
  const capacity = (atOnce * 1_000) / serviceMs;
  const load = (share: number, forSeconds: number, warmUpSeconds: number): Promise<OpenLoadResult> =>
    openLoad({
      port,
      path: `/drill/${upstream.name}`,
      perSecond: share * capacity,
      seconds: forSeconds,
      warmUpSeconds,
    });
  const calm = await load(CALM, CALM_SECONDS, 0.5);
  const before = process.memoryUsage.rss();
  const adapts = (upstream.concurrency?.adaptive ?? null) !== null;
  const crowd = await load(CROWD, seconds, adapts ? ADAPT_SECONDS : WARM_UP_SECONDS);
  const memoryMiB = Math.max(0, Math.round((process.memoryUsage.rss() - before) / BYTES_PER_MIB));
  await delay(500);
  const after = await load(CALM, CALM_SECONDS, 0.5);
  const refused = crowd.statuses.get(503) ?? 0;
  return {
    upstream: upstream.name,
    endpoints: standIns.length,
    atOnce,
    serviceMs,
    capacity: Math.round(capacity),
    goodPerSecond: Math.round(crowd.goodPerSecond),
    calmP99Ms: Math.round(calm.p99Ms),
    p99Ms: Math.round(crowd.p99Ms),
    sent: crowd.sent,
    refused,
    failed: crowd.sent - crowd.good - refused,
    longestQueue: standIns.reduce((sum, { longestQueue }) => sum + longestQueue, 0),
    memoryMiB,
    afterP99Ms: Math.round(after.p99Ms),
  };
}
