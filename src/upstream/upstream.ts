// A named set of endpoints that serve the same: picks one, lends its connections. One object a worker.

import { type Balancer, createBalancer } from './balance/balancer.ts';
import { Endpoint, type EndpointSpec, poolFor } from './endpoint.ts';
import type { PoolContext, PoolSettings } from './pool.ts';

/** What a hashing balancer hashes; see `HashOnConfig`. */
export interface HashOn {
  readonly source: 'header' | 'cookie' | 'query' | 'ip' | 'path';
  readonly name: string;
}

/** See `UpstreamConfig` in src/config/config.ts, to which this is structurally equal. */
export interface UpstreamSpec {
  readonly name: string;
  readonly endpoints: readonly EndpointSpec[];
  readonly balance: Parameters<typeof createBalancer>[0];
  readonly hashOn: HashOn | null;
  readonly pool: PoolSettings;
  readonly timeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly tunnelIdleTimeoutMs: number;
}

export class Upstream {
  readonly name: string;
  readonly spec: UpstreamSpec;
  readonly metricsOffset: number;
  readonly endpoints: readonly Endpoint[];
  private readonly balancer: Balancer<Endpoint>;

  /** Pools of endpoints that `previous` had with the same settings are taken over, with their connections. */
  constructor(spec: UpstreamSpec, metricsOffset: number, previous: Upstream | null, context: PoolContext) {
    this.name = spec.name;
    this.spec = spec;
    this.metricsOffset = metricsOffset;
    const samePool = previous !== null && samePoolSettings(previous.spec.pool, spec.pool);
    this.endpoints = spec.endpoints.map(endpoint => {
      const kept = samePool ? previous.endpoints.find(candidate => candidate.key === endpoint.url) : undefined;
      return new Endpoint(endpoint, spec.name, kept?.pool ?? poolFor(endpoint, spec.pool, metricsOffset, context));
    });
    this.balancer = createBalancer(spec.balance, this.endpoints);
  }

  /** An endpoint for a request, or undefined when none is available. `hash` counts for hashing balancers only. */
  pick(hash: number, tried: readonly Endpoint[] | null): Endpoint | undefined {
    return this.balancer.pick(hash, tried);
  }

  /** Closes the pools that `successor` did not take over; requests under way are finished. */
  retire(successor: Upstream | null): void {
    for (const endpoint of this.endpoints) {
      if (successor?.endpoints.some(candidate => candidate.pool === endpoint.pool)) continue;
      endpoint.pool.retire();
    }
  }
}

function samePoolSettings(a: PoolSettings, b: PoolSettings): boolean {
  return (
    a.maxConnections === b.maxConnections &&
    a.maxPending === b.maxPending &&
    a.maxRequestsPerConnection === b.maxRequestsPerConnection &&
    a.idleTimeoutMs === b.idleTimeoutMs &&
    a.connectTimeoutMs === b.connectTimeoutMs
  );
}
