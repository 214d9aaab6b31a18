// One address of an upstream, with its pool and what balancing looks at. Whether it is healthy is decided elsewhere.

import type { ClientTls } from '../net/tls/client-tls.ts';
import { endpointPart } from '../telemetry/access-line.ts';
import type { Balanced } from './balance/balancer.ts';
import type { PeakLatency } from './balance/peak-latency.ts';
import type { Breaker } from './breaker/breaker.ts';
import type { EndpointPool } from './endpoint-pool.ts';
import { MultiplexPool } from './multiplex-pool.ts';
import { NegotiatedPool } from './negotiated-pool.ts';
import type { GoawayCount } from './outlier/goaway-count.ts';
import { Pool, type PoolContext, type PoolSettings } from './pool.ts';
import { inFlightOfAll, type StateBlock } from './state/shared-states.ts';

/** See `EndpointConfig` in src/config/config.ts, to which this is structurally equal but for the `address`. */
export interface EndpointSpec {
  readonly url: string;
  readonly tls: boolean;
  /** What Host and TLS say; connected to where there is no `address`. */
  readonly host: string;
  /** Where a name was found. */
  readonly address?: string;
  readonly port: number;
  readonly weight: number;
  readonly zone: string;
}

/** Host with port. */
function authorityOf({ host, port }: EndpointSpec): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** By which an endpoint is the same over reloads: one address may stand for several names, and its TLS is that of its name. */
export function identityOf(spec: EndpointSpec): string {
  return `${spec.url} ${authorityOf(spec)}`;
}

export class Endpoint implements Balanced {
  /** The URL: what is known of its health and load goes by it. */
  readonly key: string;
  /** See `identityOf`. */
  readonly identity: string;
  /** Changes while it is in use when discovery says so; the balancer is made anew then. */
  weight: number;
  zone: string;
  available: boolean;
  /** How long it takes, where the balancer asks; else null. */
  readonly latency: PeakLatency | null;
  /** Share of its turns that it takes, 0 to 1: less than 1 while it comes back slowly. */
  ramp: number;
  readonly pool: EndpointPool;
  /** What all workers know of it. */
  readonly block: StateBlock;
  /** Its own circuit breaker; null where the upstream has none, or one for all its endpoints. */
  breaker: Breaker | null;
  /** Host with port, for requests that bring none. */
  readonly authority: string;
  /** Its part of an access log line. */
  readonly logPart: string;

  constructor(
    spec: EndpointSpec,
    upstreamName: string,
    pool: EndpointPool,
    block: StateBlock,
    latency: PeakLatency | null = null,
  ) {
    this.key = spec.url;
    this.identity = identityOf(spec);
    this.weight = spec.weight;
    this.zone = spec.zone;
    this.latency = latency;
    this.available = true;
    this.ramp = 1;
    this.pool = pool;
    this.block = block;
    this.breaker = null;
    this.authority = authorityOf(spec);
    this.logPart = endpointPart(upstreamName, spec.url);
  }

  /** Requests under way, of all workers. */
  get inFlight(): number {
    return inFlightOfAll(this.block);
  }

  /** One request more is under way. */
  began(): void {
    this.block.words[this.block.ownInFlightAt]!++;
  }

  /** One less. */
  ended(): void {
    this.block.words[this.block.ownInFlightAt]!--;
  }
}

/** What is spoken to endpoints. `auto` lets each of them choose (ALPN). */
export type UpstreamProtocol = 'http/1.1' | 'h2' | 'h2c' | 'auto';

/** A pool for this endpoint. */
export function poolFor(
  spec: EndpointSpec,
  settings: PoolSettings,
  metricsOffset: number,
  context: PoolContext,
  tls: ClientTls | null,
  protocol: UpstreamProtocol = 'http/1.1',
  goaways: GoawayCount | null = null,
): EndpointPool {
  const { host, port } = spec;
  const address = spec.address ?? host;
  if (spec.tls && tls === null) throw new Error(`there is no TLS for ${spec.url}`);
  const secure = spec.tls && tls !== null ? tls.target(host, address, port) : null;
  const target = { host: address, port, tls: secure };
  if (protocol === 'auto' && secure !== null)
    return new NegotiatedPool(target, settings, metricsOffset, context, goaways);
  if (protocol === 'h2' || protocol === 'h2c')
    return new MultiplexPool(target, settings, metricsOffset, context, goaways);
  return new Pool(target, settings, metricsOffset, context);
}
