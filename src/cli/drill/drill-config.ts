// The configuration of a drill: the user's settings of some upstreams and their routes, with stand-ins in place of the endpoints, on a port
// of 127.0.0.1. Starts nothing.

import { destinationUpstreams } from '../../config/checks/destination-upstreams.ts';
import type { Config, EndpointConfig, RouteConfig, UpstreamConfig } from '../../config/config.ts';
import { checkOfStandIns } from './healthy-response.ts';

/** A stand-in's port on 127.0.0.1. */
interface Place {
  readonly port: number;
}

/**
 * The upstream without its endpoints of weight 0, and with its backups last: they get no requests, so that the failure of one would show
 * nothing.
 */
export function withEndpointsInUse(upstream: UpstreamConfig): UpstreamConfig {
  const used = upstream.endpoints.filter(({ weight }) => weight > 0);
  return { ...upstream, endpoints: used.toSorted((a, b) => Number(a.backup ?? false) - Number(b.backup ?? false)) };
}

/**
 * Each drilled upstream gets stand-ins as endpoints, and a route without filters that keeps the failure settings of the first route to that
 * upstream. `stage` has the stand-ins by upstream.
 */
export function drillConfig(
  config: Config,
  drilled: readonly UpstreamConfig[],
  stage: ReadonlyMap<string, readonly Place[]>,
): Config {
  const listener = { ...config.listeners[0]!, host: '127.0.0.1', port: 0, protocols: ['http/1.1'] as const };
  const upstreams = drilled.map(
    ({ discover: _discover, ...upstream }): UpstreamConfig => ({
      ...upstream,
      endpoints: stage.get(upstream.name)!.map((standIn, at) => endpointAt(standIn, upstream.endpoints[at])),
      protocol: 'http/1.1',
      tls: null,
      ...(upstream.healthCheck !== undefined && { healthCheck: checkOfStandIns(upstream.healthCheck) }),
    }),
  );
  return {
    ...config,
    version: `${config.version}-drill`,
    listeners: [{ ...listener, proxyProtocol: false, trustedProxies: [], tls: null }],
    admin: { ...config.admin, enabled: false },
    accessLog: { path: 'off', sample: 1 },
    upstreams,
    consumers: [],
    stores: [],
    filters: [],
    routes: upstreams.map(({ name }) => routeTo(name, config.routes)),
  };
}

function endpointAt({ port }: Place, real: EndpointConfig | undefined): EndpointConfig {
  const place = { url: `http://127.0.0.1:${port}`, tls: false, host: '127.0.0.1', port };
  return { ...place, weight: real?.weight ?? 1, zone: real?.zone ?? '', ...(real?.backup && { backup: true }) };
}

function routeTo(upstream: string, routes: readonly RouteConfig[]): RouteConfig {
  const real = routes.find(({ to }) => destinationUpstreams(to).includes(upstream));
  const match = { hosts: [], path: `/drill/${upstream}`, methods: [], headers: [], query: [], cookies: [], body: [] };
  return {
    name: `drill-${upstream}`,
    match,
    public: true,
    filters: [],
    rewrite: null,
    to: { kind: 'upstream', upstream },
    timeoutMs: real?.timeoutMs ?? null,
    ...(real?.responseTimeoutMs !== undefined && { responseTimeoutMs: real.responseTimeoutMs }),
    ...(real?.idleTimeoutMs !== undefined && { idleTimeoutMs: real.idleTimeoutMs }),
    ...(real?.retry !== undefined && { retry: real.retry }),
    ...(real?.hedge !== undefined && { hedge: real.hedge }),
    ...(real?.concurrency !== undefined && { concurrency: real.concurrency }),
    ...(real?.priority !== undefined && { priority: real.priority }),
  };
}
