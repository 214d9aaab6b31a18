// Settings of admission control as later stages see them: concurrency limits, load shedding of the whole gateway, affinity. Shapes only.

export interface ConcurrencyConfig {
  /** Requests in progress, over all workers; 0 when the limit is adaptive. */
  readonly limit: number;
  readonly adaptive: { readonly min: number; readonly max: number } | null;
  /** Requests that may wait for room, over all workers; 0 for no queue. */
  readonly queueMax: number;
  readonly queueTimeoutMs: number;
}

export interface AffinityConfig {
  readonly cookie: string;
  /** Lifetime of the cookie; 0 for a session cookie, which the browser drops when it closes. */
  readonly ttlMs: number;
  readonly secret: string;
}

/** When the gateway sheds load. A signal whose value is 0 is ignored. */
export interface SheddingConfig {
  readonly enabled: boolean;
  readonly eventLoopDelayMs: number;
  /** Share, 0 to 1, of the memory that the process may use or of a worker's heap, above which load is shed. */
  readonly memory: number;
  /** Requests in progress in the whole gateway. */
  readonly inFlightMax: number;
}

/** Admission settings of an upstream. Each of them may be absent. */
export interface UpstreamAdmissionConfig {
  readonly concurrency?: ConcurrencyConfig | undefined;
  readonly affinity?: AffinityConfig | undefined;
  /** Number of endpoints that one gateway uses. */
  readonly subset?: number | undefined;
}

export interface RouteAdmissionConfig {
  readonly concurrency?: ConcurrencyConfig | undefined;
  /** 0 to 9, 5 when absent. Under overload, routes with the lowest priority are refused first. */
  readonly priority?: number | undefined;
}
