// One address of an upstream, with its pool and what balancing looks at. Whether it is healthy is decided elsewhere.

import { endpointPart } from '../telemetry/access-line.ts';
import type { Balanced } from './balance/balancer.ts';
import { Pool, type PoolContext, type PoolSettings } from './pool.ts';

/** See `EndpointConfig` in src/config/config.ts, to which this is structurally equal. */
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

export class Endpoint implements Balanced {
  /** Identity over reloads: the URL. */
  readonly key: string;
  /** Changes while it is in use when discovery says so; the balancer is made anew then. */
  weight: number;
  zone: string;
  inFlight: number;
  available: boolean;
  readonly pool: Pool;
  /** Host with port, for requests that bring none. */
  readonly authority: string;
  /** Its part of an access log line. */
  readonly logPart: string;

  constructor(spec: EndpointSpec, upstreamName: string, pool: Pool) {
    this.key = spec.url;
    this.weight = spec.weight;
    this.zone = spec.zone;
    this.inFlight = 0;
    this.available = true;
    this.pool = pool;
    this.authority = spec.host.includes(':') ? `[${spec.host}]:${spec.port}` : `${spec.host}:${spec.port}`;
    this.logPart = endpointPart(upstreamName, spec.url);
  }
}

/** A pool for this endpoint. */
export function poolFor(spec: EndpointSpec, settings: PoolSettings, metricsOffset: number, context: PoolContext): Pool {
  return new Pool({ host: spec.address ?? spec.host, port: spec.port }, settings, metricsOffset, context);
}
