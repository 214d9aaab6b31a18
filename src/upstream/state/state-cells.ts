// Where each fact about an upstream or an endpoint lies in its block of shared memory. A table; who writes what is in the files that do.

/** 64-bit cells, counted in eights of bytes from the block's beginning. Times are shared milliseconds, see `SharedStates.nowMs`; 0 is never. */
export const TimeCell = {
  /** When a thread last said that it uses the block. The key lies in front of it. */
  used: 1,
  ejectedUntil: 2,
  ejectedAt: 3,
  /** Since when the endpoint's health is what it is. */
  healthSince: 4,
  /** When it came back into use: its share grows from here on. */
  recoveredAt: 5,
  probedAt: 6,
  breakerOpenUntil: 7,
  /** Last step of a half-open breaker. */
  breakerHalfOpenAt: 8,
  breakerSince: 9,
  /** An endpoint's latency for peak EWMA, and when that was. */
  peakLatency: 38,
  /** Five cells of a limit that adapts. */
  gateLimit: 43,
} as const;

/** Tens of seconds, or whatever a bucket is: cells of one sliding count. */
export const WINDOW_BUCKETS = 10;

/** 32-bit cells, counted in fours of bytes from the block's beginning. */
export const StateCell = {
  key: 0,
  /** Changes when any endpoint of this upstream changes, so that workers look again. */
  epoch: 20,
  health: 21,
  healthReason: 22,
  ejected: 23,
  ejectReason: 24,
  ejections: 25,
  errorsInARow: 26,
  resetsInARow: 27,
  closesInARow: 28,
  /** Answers over connections that were kept, up to a handful. */
  keptSeen: 29,
  intervalRequests: 30,
  intervalErrors: 31,
  /** Tenths of a millisecond. */
  intervalLatency: 32,
  breaker: 33,
  breakerFailuresInARow: 34,
  breakerSuccesses: 35,
  breakerFailures: 45,
  budgetRequests: 55,
  budgetRetries: 65,
  /** Changes when room at a gate is left to another worker. */
  gateWake: 75,
  /** One bit a worker that has waiters at the gate. Shares its place with an endpoint's latency. */
  gateWaiters: 76,
  /** Of a canary: what it gets, see exchange/canary-choice.ts. */
  canaryShare: 77,
  /** Connections in a row that an endpoint ended by GOAWAY soon, see outlier/goaway-count.ts. */
  goaways: 78,
  /** Requests after which an endpoint closed a connection last. */
  closedAfter: 79,
  /** Six cells of a limit that adapts. */
  gateLimit: 80,
  /** The first of one cell a worker: requests under way. */
  inFlight: 96,
} as const;

export const Health = { unknown: 0, healthy: 1, unhealthy: 2 } as const;
