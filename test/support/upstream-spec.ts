// An upstream as the engine takes it, for tests of the engine and bench/micro: endpoints without TLS, balanced in turn, with wide limits.

import type { EndpointSpec } from '../../src/upstream/endpoint.ts';
import type { PoolSettings } from '../../src/upstream/pool.ts';
import type { UpstreamSpec } from '../../src/upstream/upstream.ts';

/** An endpoint on each of these ports of this machine. */
export function endpointsOn(ports: readonly number[]): EndpointSpec[] {
  return ports.map(port => ({
    url: `http://127.0.0.1:${port}`,
    tls: false,
    host: '127.0.0.1',
    port,
    weight: 1,
    zone: '',
  }));
}

/** The defaults of the configuration. */
export const poolSettings: PoolSettings = {
  maxConnections: 100,
  maxPending: 500,
  maxRequestsPerConnection: 0,
  maxStreams: 100,
  idleTimeoutMs: 60_000,
  connectTimeoutMs: 2_000,
};

export function upstreamSpec(ports: readonly number[], changes: Partial<UpstreamSpec> = {}): UpstreamSpec {
  return {
    name: 'backend',
    endpoints: endpointsOn(ports),
    balance: 'roundRobin',
    hashOn: null,
    pool: poolSettings,
    timeoutMs: 0,
    responseTimeoutMs: 10_000,
    idleTimeoutMs: 10_000,
    tunnelIdleTimeoutMs: 0,
    tunnelHalfCloseTimeoutMs: 0,
    ...changes,
  };
}
