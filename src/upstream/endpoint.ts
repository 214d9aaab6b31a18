// One address of an upstream, with its pool and the figures that balancing reads. Whether it is healthy is decided elsewhere.

import type { ClientTls } from '../net/tls/client-tls.ts';
import { endpointPart } from '../telemetry/access-line.ts';
import type { Balanced } from './balance/balancer.ts';
import type { PeakLatency } from './balance/peak-latency.ts';
import type { Breaker } from './breaker/breaker.ts';
import { endpointAuthority } from './endpoint-authority.ts';
import type { EndpointPool } from './endpoint-pool.ts';
import { MultiplexPool } from './multiplex-pool.ts';
import { NegotiatedPool } from './negotiated-pool.ts';
import type { GoawayCount } from './outlier/goaway-count.ts';
import { Pool, type PoolContext, type PoolSettings } from './pool.ts';
import { inFlightOfAll, type StateBlock } from './state/shared-states.ts';

/** See `EndpointConfig` in src/config/config.ts, to which this is structurally equal except for `address`. */
export interface EndpointSpec {
  readonly url: string;
  readonly tls: boolean;
  /** The name used for Host and TLS, or the path of a Unix socket; also connected to when there is no `address`. */
  readonly host: string;
  /** The address that the host name was resolved to by discovery. */
  readonly address?: string;
  readonly port: number;
  readonly weight: number;
  readonly zone: string;
  /** Used only while no other endpoint may be; left out means no. */
  readonly backup?: boolean;
}

/**
 * Identifies an endpoint across reloads. Contains the name as well as the address: several names may share an address, and TLS is verified
 * against the name.
 */
export function identityOf(spec: EndpointSpec): string {
  return `${spec.url} ${spec.host} ${spec.port}`;
}

export class Endpoint implements Balanced {
  /** The URL. The shared state of the endpoint (health, load) is kept under it. */
  readonly key: string;
  /** See `identityOf`. */
  readonly identity: string;
  /** May change during use when discovery reports another weight; the balancer is then built anew. */
  weight: number;
  zone: string;
  /** Used only while no other endpoint may be. Changes with discovery, as the weight does. */
  backup: boolean;
  available: boolean;
  /** Latency of this endpoint for balancers that use it; null with all others. */
  readonly latency: PeakLatency | null;
  /** Share of its turns that the endpoint takes, 0 to 1; less than 1 during slow start. */
  ramp: number;
  readonly pool: EndpointPool;
  /** The state of this endpoint that all workers share. */
  readonly block: StateBlock;
  /** The endpoint's own circuit breaker; null when the upstream has no breaker, or one breaker for all its endpoints. */
  breaker: Breaker | null;
  /** For requests that bring no authority of their own. */
  readonly authority: string;
  /** What this endpoint gets as Host in place of the client's; empty when it gets the client's. */
  readonly sentHost: string;
  /** The part of an access log line that names this endpoint. */
  readonly logPart: string;

  /** `host` is the upstream's setting: `endpoint`, a name, or undefined for the client's. */
  constructor(
    spec: EndpointSpec,
    upstreamName: string,
    pool: EndpointPool,
    block: StateBlock,
    latency: PeakLatency | null = null,
    host: string | undefined = undefined,
  ) {
    this.key = spec.url;
    this.identity = identityOf(spec);
    this.weight = spec.weight;
    this.zone = spec.zone;
    this.backup = spec.backup === true;
    this.latency = latency;
    this.available = true;
    this.ramp = 1;
    this.pool = pool;
    this.block = block;
    this.breaker = null;
    this.authority = endpointAuthority(spec);
    this.sentHost = host === 'endpoint' ? this.authority : (host ?? '');
    this.logPart = endpointPart(upstreamName, spec.url);
  }

  /** Requests under way, on all workers together. */
  get inFlight(): number {
    return inFlightOfAll(this.block);
  }

  /** Counts the start of a request on this worker. */
  began(): void {
    this.block.words[this.block.ownInFlightAt]!++;
  }

  /** Counts the end of a request on this worker. */
  ended(): void {
    this.block.words[this.block.ownInFlightAt]!--;
  }
}

/** The protocol spoken to endpoints. `auto` lets each endpoint choose by ALPN. */
export type UpstreamProtocol = 'http/1.1' | 'h2' | 'h2c' | 'auto';

/** Creates the pool for an endpoint, for the given protocol. Throws when the endpoint uses TLS and `tls` is null. */
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
