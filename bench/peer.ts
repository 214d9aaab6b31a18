// What the bench needs of a proxy that it compares, whichever it is. One file a proxy in peers/.

/** Who may pass, on every path, for scenarios/full-policy.ts and taxes.ts; everything else is open to all. */
export interface Policy {
  /** `apiKey`: one key in X-Api-Key. `jwt`: RS256, with a limit by `sub` when `perMinute` is there. `rateLimit`: by address. */
  readonly kind: 'apiKey' | 'jwt' | 'rateLimit';
  /** Requests a minute for each caller; null for no limit. */
  readonly perMinute: number | null;
  /** Verified tokens that are remembered; 0 for none. Not every peer can. */
  readonly cachedTokens: number;
}

/** What a proxy is asked to be. Every peer gets the same, and does it in its own best way. */
export interface Setup {
  /** Where everything goes, except for uploads. */
  readonly backendPort: number;
  /** Where /upload goes: a backend that reads a body before it answers. */
  readonly uploadPort: number;
  /** 0: one rule takes every path. Otherwise that many routes besides, as `routePath` names them. */
  readonly routes: number;
  /** What every filter of the first release does, as far as the peer can: see scenarios/filters.ts. */
  readonly filters: boolean;
  readonly policy: Policy | null;
  /** Whether the upstream is guarded: see scenarios/resilience.ts. */
  readonly resilience: boolean;
  /** Whether clients come over TLS 1.3, with the certificate of backend/certificate.ts. */
  readonly tls: boolean;
  /** Whether clients speak HTTP/2: over TLS on the one port, in plain text there or on `h2Port`. */
  readonly http2: boolean;
  /** Where gRPC calls go, over HTTP/2 in plain text; null for nowhere. */
  readonly grpcPort: number | null;
  /** A folder of its own for configuration and logs. */
  readonly folder: string;
  /** What GET /version answers with: tells the configuration before a reload from the one after it. */
  readonly version: string;
  /** Part of every route's name, so that a change of it changes all routes. */
  readonly routesVersion: string;
}

export interface RunningPeer {
  readonly port: number;
  /** Where HTTP/2 in plain text is spoken, if not on `port`. */
  readonly h2Port?: number;
  /** From the start of the process to the first answer through it. */
  readonly startMs: number;
  /** The process to measure, with all its children. */
  pid(): number;
  /** Puts a new configuration where the proxy reads it and gives what tells the proxy so. Absent: it cannot. */
  readonly prepareReload?: (setup: Setup) => () => void;
  stop(): Promise<unknown>;
}

/** What some can do and some cannot. */
export type Ability = 'routes' | 'filters' | 'resilience' | 'policy' | 'taxes' | 'reload' | 'tls' | 'h2' | 'grpc';

export interface Peer {
  readonly name: string;
  /** For the report: what was configured beyond the plain proxy. */
  readonly note: string;
  /** True when its code gets faster while it runs: such a one is warmed up longer. */
  readonly jit: boolean;
  readonly abilities: readonly Ability[];
  /** Differs from another peer in its log only: runs where that is the question, or when it is named. */
  readonly logVariant?: boolean;
  /** Version for the report. Throws with what is missing when the peer cannot run here. */
  version(): string;
  start(setup: Setup): Promise<RunningPeer>;
}

/** Path of a route, without its rest. */
export function routePrefix(index: number): string {
  return `/api/service-${index}`;
}

/** The same for load/wrk.lua, with something behind it. */
export const routePathFormat = '/api/service-%d/items/7';
