// The engine in the test's process, with access to every limit and pool setting: real sockets on both sides, and the test's own
// backends. For the behaviour of bodies, connections and pools; what a configuration file means is tested through the command.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FaultCode } from '../../src/base/fault.ts';
import { buildChain } from '../../src/exchange/chain.ts';
import type { Filter } from '../../src/exchange/filter.ts';
import type { Gateway } from '../../src/exchange/gateway.ts';
import { ConsumerDirectory, type ListedConsumer } from '../../src/exchange/identity/consumer-directory.ts';
import { type Destination, Route, RoutePlan, type RouteResilience } from '../../src/exchange/route.ts';
import type { Limits, Snapshot } from '../../src/exchange/snapshot.ts';
import type { HeaderNameSet } from '../../src/http/header-name-set.ts';
import { defaultHttp2Limits, type Http2Limits } from '../../src/net/h2/http2-limits.ts';
import { ThreadIo } from '../../src/net/io.ts';
import { RouteTableBuilder } from '../../src/route/route-table-builder.ts';
import { AccessLog } from '../../src/telemetry/access-log.ts';
import type { Http2Reason } from '../../src/telemetry/http2-reasons.ts';
import { blockKinds, http2Cell, refusalCell, UpstreamCell, WorkerCell } from '../../src/telemetry/metric-families.ts';
import { nextLine } from '../../src/telemetry/metric-slab.ts';
import { Upstream, type UpstreamSpec } from '../../src/upstream/upstream.ts';
import { engineLimits } from './engine-limits.ts';
import { listeningGateway } from './listening-gateway.ts';
import { poolSettings, upstreamSpec } from './upstream-spec.ts';

export interface EngineOptions {
  readonly limits?: Partial<Limits>;
  readonly pool?: Partial<UpstreamSpec['pool']>;
  readonly upstream?: Partial<Omit<UpstreamSpec, 'pool' | 'endpoints' | 'name'>>;
  readonly proxyProtocol?: boolean;
  readonly trustedProxies?: readonly string[];
  readonly protocols?: readonly string[];
  readonly http2?: Partial<Http2Limits>;
  /** Filters of the route to the backends. */
  readonly filters?: readonly Filter[];
  /** Header fields in which these filters tell the upstream who the caller is. They are removed from clients' requests. */
  readonly identityHeaders?: HeaderNameSet;
  readonly consumers?: readonly ListedConsumer[];
  readonly routeTimeoutMs?: number;
  readonly resilience?: Partial<RouteResilience>;
  /** Patterns of further routes to the backends, each with its own metrics. */
  readonly morePaths?: readonly string[];
  /** Share of the exchanges that are logged; all when left out. */
  readonly accessLogSample?: number;
}

/** One line of the access log. */
export interface LogLine {
  readonly time: string;
  readonly status: number;
  readonly code: string | null;
  readonly path: string;
  readonly attempts: number;
  readonly clientIp: string;
  readonly method: string;
  readonly protocol: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durationMs: number;
  readonly upstreamMs: number;
  readonly overheadMs: number;
}

export interface Engine {
  readonly port: number;
  readonly gateway: Gateway;
  /** Messages that the gateway logged for its operator. */
  readonly log: readonly string[];
  /** Number of exchanges that ended with this code. */
  refusals(code: FaultCode): number;
  /** Number of HTTP/2 streams and connections that were ended for this reason. */
  http2Errors(reason: Http2Reason): number;
  upstreamCell(name: keyof typeof UpstreamCell): number;
  workerCell(name: keyof typeof WorkerCell): number;
  poolCounts(): { active: number; idle: number; pending: number };
  /** Exchanges in progress at each endpoint, as its balancer counts them. */
  endpointsInFlight(): number[];
  accessLines(): Promise<LogLine[]>;
  stop(): Promise<void>;
}

/**
 * Sends all requests to the backends on these ports, except `/fixed`, which the gateway answers itself with `fixed\n`.
 */
export async function startEngine(backendPorts: readonly number[], options: EngineOptions = {}): Promise<Engine> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-engine-'));
  const logPath = path.join(folder, 'access.log');
  const io = new ThreadIo();
  io.start();
  const limits: Limits = { ...engineLimits, ...options.limits };
  const routeOffset = blockKinds.worker.cellCount;
  const upstreamOffset = routeOffset + blockKinds.route.cellCount;
  const moreOffset = nextLine(upstreamOffset + blockKinds.upstream.cellCount);
  const morePaths = options.morePaths ?? [];
  const cells = new Float64Array(moreOffset + morePaths.length * blockKinds.route.cellCount);
  const upstream = new Upstream(
    upstreamSpec(backendPorts, { ...options.upstream, pool: { ...poolSettings, ...options.pool } }),
    upstreamOffset,
    null,
    { io, cells, headLimits: limits },
  );
  const table = new RouteTableBuilder<Route>();
  const resilience = { retry: null, fallback: null, kept: null, hedge: null, ...options.resilience };
  const add = (name: string, path: string, plan: RoutePlan, metricsOffset: number): void => {
    const value = new Route(name, plan, metricsOffset);
    const match = { hosts: [], methods: [], headers: [], query: [], cookies: [], body: [] };
    table.add({ name, match: { ...match, path }, value });
  };
  const planOf = (filters: readonly Filter[], destination: Destination) =>
    new RoutePlan(buildChain(filters), destination, { timeoutMs: options.routeTimeoutMs, resilience });
  const toBackends = planOf(options.filters ?? [], { kind: 'upstream', upstream });
  add('all', '/*', toBackends, routeOffset);
  add('fixed', '/fixed', planOf([], { kind: 'reply', reply: { status: 200, body: 'fixed\n' } }), routeOffset);
  morePaths.forEach((pattern, at) => {
    add(`route-${at}`, pattern, toBackends, moreOffset + at * blockKinds.route.cellCount);
  });
  const snapshot: Snapshot = {
    version: '0',
    routes: table.finish().table,
    upstreams: new Map([['backend', upstream]]),
    consumers: new ConsumerDirectory(options.consumers ?? [], []),
    identityHeaders: options.identityHeaders ?? null,
    callerHeaders: options.identityHeaders ?? null,
    limits,
    paths: { encodedSlash: 'keep', emptySegments: 'reject' },
    accessLogSample: options.accessLogSample ?? 1,
    noRouteMetricsOffset: routeOffset,
  };
  const accessLog = new AccessLog({ path: logPath });
  const listening = await listeningGateway(
    snapshot,
    { io, cells, accessLog },
    {
      proxyProtocol: options.proxyProtocol ?? false,
      trustedProxies: options.trustedProxies ?? [],
      protocols: options.protocols ?? ['http/1.1'],
      http2: { ...defaultHttp2Limits, ...options.http2 },
    },
  );
  const { gateway, port, log } = listening;
  return {
    port,
    gateway,
    log,
    refusals: code => cells[refusalCell[code]]!,
    http2Errors: reason => cells[http2Cell[reason]]!,
    upstreamCell: name => cells[upstreamOffset + UpstreamCell[name]]!,
    workerCell: name => cells[WorkerCell[name]]!,
    poolCounts: () => upstream.endpoints[0]!.pool.counts,
    endpointsInFlight: () => upstream.endpoints.map(({ inFlight }) => inFlight),
    async accessLines() {
      await accessLog.flush();
      const lines = readFileSync(logPath, 'utf8').split('\n').filter(Boolean);
      return lines.map(line => {
        // Because: src/telemetry/access-line.ts is the only writer of this file; its own tests check the shape.
        const fields = JSON.parse(line) as {
          status: number;
          code?: string | null;
          path: string;
          attempts?: number;
          client: string;
        } & Pick<
          LogLine,
          'time' | 'method' | 'protocol' | 'bytesIn' | 'bytesOut' | 'durationMs' | 'upstreamMs' | 'overheadMs'
        >;
        const { time, method, protocol, bytesIn, bytesOut, durationMs, upstreamMs, overheadMs } = fields;
        return {
          ...{ time, method, protocol, bytesIn, bytesOut, durationMs, upstreamMs, overheadMs },
          status: fields.status,
          code: fields.code ?? null,
          path: fields.path,
          attempts: fields.attempts ?? 0,
          clientIp: fields.client,
        };
      });
    },
    async stop() {
      await listening.close();
      upstream.retire(null);
      io.stop();
      await accessLog.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
