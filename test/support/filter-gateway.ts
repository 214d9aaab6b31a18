// A gateway in this process with filters under test: real sockets on both sides, a node:http backend, one route.

import { createServer, request as httpRequest, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { z } from 'zod';
import { buildChain } from '../../src/exchange/chain.ts';
import type { FilterDefinition } from '../../src/exchange/filter.ts';
import type { Gateway } from '../../src/exchange/gateway.ts';
import type { Plan } from '../../src/exchange/identity/consumer.ts';
import { ConsumerDirectory, type ListedConsumer } from '../../src/exchange/identity/consumer-directory.ts';
import { identityHeaderPrefixes } from '../../src/exchange/identity/identity-lines.ts';
import { Route, RoutePlan } from '../../src/exchange/route.ts';
import type { Snapshot } from '../../src/exchange/snapshot.ts';
import { HeaderNameSet } from '../../src/http/header-name-set.ts';
import { ThreadIo } from '../../src/net/io.ts';
import { RouteTableBuilder } from '../../src/route/route-table-builder.ts';
import { AccessLog } from '../../src/telemetry/access-log.ts';
import { blockKinds } from '../../src/telemetry/metric-families.ts';
import { Upstream } from '../../src/upstream/upstream.ts';
import { engineLimits } from './engine-limits.ts';
import { filterServices, type TestServices } from './filter-services.ts';
import { listeningGateway } from './listening-gateway.ts';
import { listeningPort } from './listening-port.ts';
import { upstreamSpec } from './upstream-spec.ts';

/** A filter as in a configuration: its definition, its schema, and the setting under its name. */
export interface WrittenFilter {
  readonly definition: FilterDefinition<never>;
  readonly schema: z.ZodType;
  readonly config: unknown;
}

/** Checks that definition and schema fit together here, because the list of a chain holds filters of every type. */
export function written<C>(definition: FilterDefinition<C>, schema: z.ZodType<C>, config: unknown): WrittenFilter {
  return { definition, schema, config };
}

export interface FilterGateway {
  readonly port: number;
  readonly backendPort: number;
  /** Messages that the gateway logged. */
  readonly log: readonly string[];
  readonly gateway: Gateway;
  stop(): Promise<void>;
}

export interface FilterGatewayOptions {
  /** What the worker offers to the filters. */
  readonly services?: TestServices;
  readonly consumers?: readonly ListedConsumer[];
  readonly plans?: readonly Plan[];
  /** Path pattern of the one route; every path when left out. */
  readonly path?: string;
  /** Methods of the route; empty for every method. */
  readonly methods?: readonly string[];
  readonly trustedProxies?: readonly string[];
  readonly keepsClientCertificateHeaders?: boolean;
  readonly bodyBytesMax?: number;
  /** Makes the route match on this member of a JSON body, so that the body is buffered. */
  readonly bodyMember?: string;
}

/** Sends every request through the filters to `backend`. */
export async function startFilterGateway(
  filters: readonly WrittenFilter[],
  backend: RequestListener,
  options: FilterGatewayOptions = {},
): Promise<FilterGateway> {
  const server = createServer(backend);
  const backendPort = await listeningPort(server);
  const io = new ThreadIo();
  io.start();
  const routeOffset = blockKinds.worker.cellCount;
  const upstreamOffset = routeOffset + blockKinds.route.cellCount;
  const cells = new Float64Array(upstreamOffset + blockKinds.upstream.cellCount);
  const context = { io, cells, headLimits: engineLimits };
  const upstream = new Upstream(upstreamSpec([backendPort]), upstreamOffset, null, context);
  const chain = buildChain(
    filters.map(({ definition, schema, config }, slot) =>
      // Because: `written` has checked that the schema's output is what the definition takes.
      definition.build(schema.parse(config) as never, filterServices({ slot, clock: io.clock, ...options.services })),
    ),
  );
  const value = new Route('test', new RoutePlan(chain, { kind: 'upstream', upstream }), routeOffset);
  const table = new RouteTableBuilder<Route>();
  const body =
    options.bodyMember === undefined ? [] : [{ path: [options.bodyMember], match: { kind: 'present' as const } }];
  const match = { hosts: [], headers: [], query: [], cookies: [], body };
  table.add({
    name: 'test',
    match: { ...match, path: options.path ?? '/*', methods: options.methods ?? [] },
    value,
  });
  const snapshot: Snapshot = {
    version: '0',
    routes: table.finish().table,
    upstreams: new Map([['backend', upstream]]),
    consumers: new ConsumerDirectory(options.consumers ?? [], options.plans ?? []),
    ...identityHeadersOf(filters),
    limits: { ...engineLimits, bodyBytesMax: options.bodyBytesMax ?? 0 },
    paths: { encodedSlash: 'keep', emptySegments: 'reject' },
    accessLogSample: 1,
    noRouteMetricsOffset: routeOffset,
  };
  const services = { io, cells, accessLog: new AccessLog({ path: 'off' }) };
  const listening = await listeningGateway(snapshot, services, {
    trustedProxies: options.trustedProxies ?? [],
    keepsClientCertificateHeaders: options.keepsClientCertificateHeaders ?? false,
  });
  const { gateway, port, log } = listening;
  return {
    port,
    backendPort,
    log,
    gateway,
    async stop() {
      await listening.close();
      upstream.retire(null);
      io.stop();
      server.closeAllConnections();
      await new Promise<void>(resolve => server.close(() => resolve()));
    },
  };
}

/** The identity headers of all filters, as the compiler determines them. */
function identityHeadersOf(filters: readonly WrittenFilter[]): Pick<Snapshot, 'identityHeaders' | 'callerHeaders'> {
  const lists = filters.flatMap(({ definition, schema, config }) => {
    // Because: `written` has checked that the schema's output is what the definition takes.
    const parsed = schema.parse(config) as never;
    const ofCaller = definition.identityHeaders?.(parsed);
    return ofCaller === undefined ? [] : [{ ofCaller, copied: definition.copiedHeaders?.(parsed) ?? [] }];
  });
  if (lists.length === 0) return { identityHeaders: null, callerHeaders: null };
  const ofCallers = lists.flatMap(({ ofCaller }) => ofCaller);
  const all = [...ofCallers, ...lists.flatMap(({ copied }) => copied)];
  return {
    identityHeaders: new HeaderNameSet(all, identityHeaderPrefixes),
    callerHeaders: new HeaderNameSet(ofCallers, identityHeaderPrefixes),
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Alternating names and values, as on the wire. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: Buffer | string;
}

/** Sends one request on its own connection and resolves with the whole response. Nothing is decoded. */
export function ask(port: number, { method = 'GET', path = '/', headers = {}, body }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, response => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          rawHeaders: response.rawHeaders,
          body: Buffer.concat(pieces),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** All values of a response header, in order. */
export function valuesOf(answer: Answer, name: string): string[] {
  return answer.rawHeaders.filter(
    (_, i) => i % 2 === 1 && answer.rawHeaders[i - 1]!.toLowerCase() === name.toLowerCase(),
  );
}
