// Who is let in, as later stages see it: limits of requests under way, shedding of the whole gateway, affinity. Shapes only.

export interface ConcurrencyConfig {
  /** Requests under way, on all workers together; 0 where it adapts. */
  readonly limit: number;
  readonly adaptive: { readonly min: number; readonly max: number } | null;
  /** Requests that may wait, on all workers together. */
  readonly queueMax: number;
  readonly queueTimeoutMs: number;
}

export interface AffinityConfig {
  readonly cookie: string;
  /** Of the cookie; 0 for as long as the browser is open. */
  readonly ttlMs: number;
  readonly secret: string;
}

/** 0 switches a sign off. */
export interface SheddingConfig {
  readonly enabled: boolean;
  readonly eventLoopDelayMs: number;
  /** Share of what the process or a worker's heap may take, 0 to 1. */
  readonly memory: number;
  /** Requests under way in the whole gateway. */
  readonly inFlightMax: number;
}

/** Keys of an upstream about who is let in and where. All of it may be absent. */
export interface UpstreamAdmissionConfig {
  readonly concurrency?: ConcurrencyConfig | undefined;
  readonly affinity?: AffinityConfig | undefined;
  /** Endpoints that one gateway uses. */
  readonly subset?: number | undefined;
}

export interface RouteAdmissionConfig {
  readonly concurrency?: ConcurrencyConfig | undefined;
  /** 0 to 9; 5 when absent. */
  readonly priority?: number | undefined;
}
