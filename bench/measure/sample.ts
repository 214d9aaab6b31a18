// The result of one round of one contestant.

export interface Sample {
  /** Requests that succeeded. */
  readonly requests: number;
  readonly failed: number;
  readonly requestsPerSecond: number;
  /** CPU time of a successful request in microseconds, over all threads of the proxy and its children. */
  readonly userUs: number;
  readonly systemUs: number;
  /** Latency of a closed loop at saturation: for orientation only. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly memoryBytes: number;
  /** Share of the proxy's core that foreign processes used, 0 to 1. */
  readonly foreignShare: number;
}

/** CPU time of a request in microseconds, user and system together. */
export function costUs({ userUs, systemUs }: Sample): number {
  return userUs + systemUs;
}
