// What the bench needs from a proxy that it compares. Each proxy has a file of its own in peers/.

/** Which callers may pass, on every path, for scenarios/full-policy.ts and taxes.ts. Without a policy, every caller may. */
export interface Policy {
  /** `apiKey`: one key in X-Api-Key. `jwt`: RS256, with a limit by `sub` when `perMinute` is set. `rateLimit`: a limit by address. `tenantLimit`: a limit
   * by X-Tenant, with room for a million tenants.
   */
  readonly kind: 'apiKey' | 'jwt' | 'rateLimit' | 'tenantLimit';
  /** Requests a minute for each caller; null for no limit. */
  readonly perMinute: number | null;
  /** Number of verified tokens that are remembered; 0 for none. Not every peer can remember tokens. */
  readonly cachedTokens: number;
}

/** How a proxy is to be configured. Every peer gets the same setup and implements it in the way that is best for it. */
export interface Setup {
  /** Port of the backend for all requests except uploads. */
  readonly backendPort: number;
  /** Port of the backend for /upload, which reads a body before it responds. */
  readonly uploadPort: number;
  /** 0: one rule matches every path. Otherwise the number of further routes, with the paths of `routePrefix`. */
  readonly routes: number;
  /** Whether to do what all filters of the first release do, as far as the peer can: see scenarios/filters.ts. */
  readonly filters: boolean;
  readonly policy: Policy | null;
  /** Whether a second port of the same process, `barePort`, takes the same requests without the policy. */
  readonly bareBeside: boolean;
  /** Whether the upstream is guarded: see scenarios/resilience.ts. */
  readonly resilience: boolean;
  /** Whether clients connect with TLS 1.3, using the certificate of backend/certificate.ts. */
  readonly tls: boolean;
  /** Whether clients use HTTP/2: over TLS on the same port; in plain text on that port or on `h2Port`. */
  readonly http2: boolean;
  /** Port for gRPC calls, over HTTP/2 in plain text; null without gRPC. */
  readonly grpcPort: number | null;
  /** A folder of the peer's own for configuration and logs. */
  readonly folder: string;
  /** The response to GET /version, which distinguishes the configurations before and after a reload. */
  readonly version: string;
  /** Part of the name of every route, so that changing it changes all routes. */
  readonly routesVersion: string;
}

export interface RunningPeer {
  readonly port: number;
  /** Port for HTTP/2 in plain text, if it is not `port`. */
  readonly h2Port?: number;
  /** Port without the policy; there when the setup has `bareBeside`. */
  readonly barePort?: number;
  /** Milliseconds from the start of the process to the first response through it. */
  readonly startMs: number;
  /** The id of the process to measure, together with all its children. */
  pid(): number;
  /**
   * Writes a new configuration where the proxy reads it, and returns a function that makes the proxy load it. Absent if it cannot reload.
   */
  readonly prepareReload?: (setup: Setup) => () => void;
  stop(): Promise<unknown>;
}

/** What some peers can do and others cannot. */
export type Ability = 'routes' | 'filters' | 'resilience' | 'policy' | 'taxes' | 'reload' | 'tls' | 'h2' | 'grpc';

export interface Peer {
  readonly name: string;
  /** For the report: what was configured beyond the plain proxy. */
  readonly note: string;
  /** True when the program gets faster while it runs, so that it is warmed up longer. */
  readonly jit: boolean;
  readonly abilities: readonly Ability[];
  /** Whether it writes a line of its access log for each request. */
  readonly logs?: boolean;
  /** True for a peer that differs from another one in its log only. Runs in scenarios about the log, or when it is named. */
  readonly logVariant?: boolean;
  /** Version for the report. Throws with what is missing when the peer cannot run here. */
  version(): string;
  start(setup: Setup): Promise<RunningPeer>;
}

/** Prefix of a route's path, without a slash at its end. */
export function routePrefix(index: number): string {
  return `/api/service-${index}`;
}

/** A path of each route as a format for load/wrk.lua. */
export const routePathFormat = '/api/service-%d/items/7';
