// Checked configurations for tests of the code that uses a Config: as small as can be, or with many routes.

import { createHash } from 'node:crypto';
import { endpointsOn, poolSettings } from '../../test/support/upstream-spec.ts';
import type { Config, RouteConfig, UpstreamConfig } from '../config/config.ts';
import { defaultHttp2Limits } from '../net/h2/http2-limits.ts';

const base: Omit<Config, 'version'> = {
  listeners: [
    {
      host: '127.0.0.1',
      port: 0,
      protocols: ['http/1.1'],
      http2: defaultHttp2Limits,
      proxyProtocol: false,
      trustedProxies: [],
      keepsClientCertificateHeaders: false,
      tls: null,
    },
  ],
  admin: { enabled: false, host: '127.0.0.1', port: 0, hosts: [] },
  accessLog: { path: 'off', sample: 1 },
  drainTimeoutMs: 5_000,
  limits: {
    requestLineBytesMax: 8_192,
    headerBytesMax: 32_768,
    headerCountMax: 100,
    bodyBytesMax: 0,
    headerTimeoutMs: 10_000,
    bodyTimeoutMs: 30_000,
    minimumRateBytesPerSecond: 0,
    keepAliveTimeoutMs: 60_000,
    writeTimeoutMs: 30_000,
    requestsPerConnectionMax: 0,
    connectionsMax: 10_000,
    matchBodyBytesMax: 65_536,
  },
  paths: { encodedSlash: 'reject', emptySegments: 'reject' },
  metrics: { routesMax: 1_000, consumersMax: 0 },
  shedding: { enabled: false, eventLoopDelayMs: 0, memory: 0, inFlightMax: 0 },
  zone: '',
  upstreams: [],
  stores: [],
  consumers: [],
  plans: [],
  chains: [],
  filters: [],
  routes: [],
};

/** A Config whose version is a hash of its content. */
export function sampleConfig(changes: Partial<Config> = {}): Config {
  const content = { ...base, ...changes };
  const version = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  return { ...content, version };
}

export function sampleRoute(name: string, path: string, changes: Partial<RouteConfig> = {}): RouteConfig {
  const match = { hosts: [], path, methods: [], headers: [], query: [], cookies: [], body: [] };
  const reply = { status: 200, headers: [], body: name };
  const to = { kind: 'reply', reply } as const;
  return { name, match, public: true, filters: [], rewrite: null, to, timeoutMs: null, ...changes };
}

export function sampleUpstream(name: string, ports: readonly number[]): UpstreamConfig {
  return {
    name,
    endpoints: endpointsOn(ports),
    balance: 'roundRobin',
    hashOn: null,
    protocol: 'http/1.1',
    tls: null,
    pool: poolSettings,
    timeoutMs: 30_000,
    responseTimeoutMs: 30_000,
    idleTimeoutMs: 30_000,
    tunnelIdleTimeoutMs: 60_000,
    tunnelHalfCloseTimeoutMs: 0,
  };
}

/** `count` routes to one upstream, a tenth of them with a parameter. */
export function manyRoutes(count: number, upstream: string): RouteConfig[] {
  return Array.from({ length: count }, (_, at) => {
    const path = at % 10 === 0 ? `/team-${at % 100}/service-${at}/{id}` : `/team-${at % 100}/service-${at}/*`;
    return sampleRoute(`route-${at}`, path, { to: { kind: 'upstream', upstream } });
  });
}
