// Where each fact about an upstream or an endpoint lies in its block of shared memory. Only a table; the files that use a cell say who
// writes it.

/**
 * 64-bit cells, as offsets in units of 8 bytes from the beginning of the block. Times are shared milliseconds, see `SharedStates.nowMs`; 0
 * means never.
 */
export const TimeCell = {
  /** When a thread last marked the block as in use. Offset 0 is taken by the key. */
  used: 1,
  ejectedUntil: 2,
  ejectedAt: 3,
  /** Since when the endpoint's health has its present value. */
  healthSince: 4,
  /** When the endpoint came back into use: slow start begins here. */
  recoveredAt: 5,
  probedAt: 6,
  breakerOpenUntil: 7,
  /** When the breaker last turned half-open or let an attempt through while half-open. */
  breakerHalfOpenAt: 8,
  breakerSince: 9,
  /** Two cells: an endpoint's latency for peak EWMA, and when it was recorded. Overlap the adaptive limit of a gate, which no endpoint has. */
  peakLatency: 40,
  /** Five cells of the adaptive limit. */
  gateLimit: 43,
} as const;

/** Number of cells of one sliding count; how long a bucket lasts is up to that count. */
export const WINDOW_BUCKETS = 10;

/** 32-bit cells, as offsets in units of 4 bytes from the beginning of the block. */
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
  /** Responses over connections that stayed open, up to `KEPT_ENOUGH`. */
  keptSeen: 29,
  intervalRequests: 30,
  intervalErrors: 31,
  /** Sum in tenths of a millisecond, unsigned. */
  intervalLatency: 32,
  breaker: 33,
  breakerFailuresInARow: 34,
  breakerSuccesses: 35,
  breakerFailures: 45,
  budgetRequests: 55,
  budgetRetries: 65,
  /** Changes when a worker leaves room at a gate to another worker. */
  gateWake: 75,
  /** One bit for each worker with waiters at the gate. */
  gateWaiters: 76,
  /** In the block of a canary: the share that it gets, see exchange/canary-choice.ts. */
  canaryShare: 77,
  /**
   * GOAWAYs in a row, from one that ended a connection that lived through those that ended young ones; 0 while no GOAWAY ended a
   * connection that lived. See outlier/goaway-count.ts.
   */
  goawaysInARow: 78,
  /** Requests after which an endpoint last closed a connection. */
  closedAfter: 79,
  /** Six cells of the adaptive limit. */
  gateLimit: 80,
  /** The first of one cell for each worker: its requests under way. */
  inFlight: 96,
} as const;

export const Health = { unknown: 0, healthy: 1, unhealthy: 2 } as const;
