// Every series that the gateway counts, and where it lies in a block of cells. A table; counting and rendering are elsewhere.

import { type FaultCode, faultKinds } from '../base/fault.ts';
import { CANARY_CELLS, CanaryCell, LATENCY_BUCKETS, VersionCell } from './canary-cells.ts';
import { HISTOGRAM_CELLS } from './histogram.ts';
import { type Http2Reason, http2Reasons } from './http2-reasons.ts';
import { MIRROR_CELLS, MirrorCell } from './mirror-cells.ts';

/** Cells in 64 bytes: what a processor reads from memory at once. */
export const CELLS_A_LINE = 8;

/**
 * Cells of a route's block. With thousands of routes in use, each request finds its block outside the caches: so all that every request
 * counts, but for its bucket of the durations, is in one cache line. Count with `cells[offset + RouteCell.status2xx]++`; a status from
 * outside with `cells[offset + RouteCell.status1xx + statusClass(status)]++`; `duration`, a histogram, with `recordDuration`.
 */
export const RouteCell = {
  status1xx: 0,
  status2xx: 1,
  status3xx: 2,
  status4xx: 3,
  status5xx: 4,
  requestBytes: 5,
  responseBytes: 6,
  duration: 7,
} as const;

const ROUTE_CELLS_USED = RouteCell.duration + HISTOGRAM_CELLS;
const ROUTE_LINES = Math.ceil(ROUTE_CELLS_USED / CELLS_A_LINE);

/** Cells of an upstream's block. An attempt without a response counts as an error of its kind, and in no status class. */
export const UpstreamCell = {
  status1xx: 0,
  status2xx: 1,
  status3xx: 2,
  status4xx: 3,
  status5xx: 4,
  connectErrors: 5,
  resets: 6,
  timeouts: 7,
  retries: 8,
  connects: 9,
  reuses: 10,
  connectionsActive: 11,
  connectionsIdle: 12,
  pending: 13,
  endpoints: 14,
  endpointsAvailable: 15,
  retriesDenied: 16,
  hedges: 17,
  ejections: 18,
  breakerOpens: 19,
  breakerRefusals: 20,
  /** 0 closed, 1 open, 2 half-open. */
  breakerState: 21,
  fallbacks: 22,
  /** The limit that `concurrency` sets; 0 without one. */
  concurrencyLimit: 23,
  admitted: 24,
  queued: 25,
  /** Responses that `fallback: { cache }` has stored, and has given. */
  keptStored: 26,
  keptGiven: 27,
  /** 1 while requests go to backups. */
  backupsInUse: 28,
  /** Histogram: from the first byte of the request sent to the first byte of the response received. */
  responseTime: 29,
} as const;

/** Cells of a consumer's block. */
export const ConsumerCell = {
  status1xx: 0,
  status2xx: 1,
  status3xx: 2,
  status4xx: 3,
  status5xx: 4,
  requestBytes: 5,
  responseBytes: 6,
} as const;

export const CONSUMER_CELLS = ConsumerCell.responseBytes + 1;

/** Cells of a limit's block: its decisions. */
export const LimitCell = {
  admitted: 0,
  refused: 1,
  wouldRefuse: 2,
} as const;

/** The codes of `faultKinds` in their order, which is the order of the cells from `WorkerCell.refusals` on. */
export const refusalCodes = Object.keys(faultKinds) as readonly FaultCode[]; // Because: Object.keys forgets the key type

const WORKER_OVERHEAD_AT = 23;

/** Cells of a worker's own block. `refusals` is the first of one cell per fault code: `cells[offset + refusalCell[code]]++`. */
export const WorkerCell = {
  connectionsAccepted: 0,
  connectionsOpen: 1,
  requestsInFlight: 2,
  receivedBytes: 3,
  sentBytes: 4,
  accessLogWritten: 5,
  accessLogDropped: 6,
  eventLoopDelayP50Ms: 7,
  eventLoopDelayP99Ms: 8,
  eventLoopDelayMaxMs: 9,
  heapUsedBytes: 10,
  externalBytes: 11,
  connectionsRefused: 12,
  /** Full handshakes; handshakes that resumed a session are `tlsResumed`. */
  tlsHandshakes: 13,
  tlsResumed: 14,
  tlsAborted: 15,
  tlsFailed: 16,
  tlsTimeout: 17,
  tlsRefused: 18,
  tlsNoProtocol: 19,
  tlsCertificateRejected: 20,
  /** 0 to 1. */
  shedShare: 21,
  connectionsWithoutDescriptor: 22,
  /** Histogram: time until the head of the response was sent, without the wait for the upstream in the last attempt. */
  overhead: WORKER_OVERHEAD_AT,
  refusals: WORKER_OVERHEAD_AT + HISTOGRAM_CELLS,
} as const;

/** Cells of the gateway's block, which only the supervisor writes, into its own slab. Times are milliseconds, as everywhere in cells. */
export const GatewayCell = {
  reloads: 0,
  reloadFailures: 1,
  /** Milliseconds since 1970. */
  lastReloadMs: 2,
  workers: 3,
  workerRestarts: 4,
  residentBytes: 5,
  cpuMs: 6,
  /** Milliseconds since 1970. */
  startMs: 7,
  openDescriptors: 8,
  /** 0 if the limit is unknown, or there is none. */
  descriptorsMax: 9,
} as const;

/** Offset in a worker's block of the cell that counts refusals with this code. */
export const refusalCell: Readonly<Record<FaultCode, number>> = Object.fromEntries(
  refusalCodes.map((code, index) => [code, WorkerCell.refusals + index]),
) as Record<FaultCode, number>; // Because: Object.fromEntries forgets the key type

const HTTP2_ERRORS_AT = WorkerCell.refusals + refusalCodes.length;

/** Offset in a worker's block of the cell that counts streams and connections ended for this reason. */
export const http2Cell: Readonly<Record<Http2Reason, number>> = Object.fromEntries(
  http2Reasons.map((reason, index) => [reason, HTTP2_ERRORS_AT + index]),
) as Record<Http2Reason, number>; // Because: Object.fromEntries forgets the key type

/** 0 for 1xx to 4 for 5xx. A status outside 100..599 counts as 5xx, so that counting never leaves the five cells. */
export function statusClass(status: number): number {
  return status >= 100 && status < 600 ? ((status / 100) | 0) - 1 : 4;
}

/** One line of the exposition, or one set of buckets of a histogram: its first cell, and labels in addition to the block's own. */
export interface MetricSeries {
  readonly at: number;
  /** As rendered, `class="2xx"`; empty for none. */
  readonly labels: string;
}

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** How the values of all workers are combined. */
  readonly merge: 'sum' | 'max';
  /** What cells are divided by to get the family's unit: 1000 for times, which cells hold in milliseconds. */
  readonly divisor: number;
  readonly series: readonly MetricSeries[];
}

export type BlockKindName =
  | 'certificate'
  | 'revocationList'
  | 'route'
  | 'upstream'
  | 'worker'
  | 'gateway'
  | 'build'
  | 'event'
  | 'limit'
  | 'consumer'
  | 'canary'
  | 'mirror';

/** Separates the label values of a block with several labels. */
export const LABEL_SEPARATOR = '\t';

/** A kind of block. */
export interface BlockKind {
  readonly name: BlockKindName;
  /** Names of the labels of its blocks, empty if there is only one block. */
  readonly labels: readonly string[];
  readonly cellCount: number;
  readonly families: readonly MetricFamily[];
  /** Runs of cells that are not rendered, if they are counted at all: the first cell of each run, and its length. */
  readonly hidden?: readonly { readonly at: number; readonly cells: number }[];
}

function counter(name: string, help: string, at: number | readonly MetricSeries[]): MetricFamily {
  const divisor = name.endsWith('_seconds_total') ? 1_000 : 1;
  return { name, help, type: 'counter', merge: 'sum', divisor, series: seriesFrom(at) };
}

function gauge(
  name: string,
  help: string,
  at: number | readonly MetricSeries[],
  merge: 'sum' | 'max' = 'sum',
): MetricFamily {
  const divisor = name.endsWith('_seconds') ? 1_000 : 1;
  return { name, help, type: 'gauge', merge, divisor, series: seriesFrom(at) };
}

function histogram(name: string, help: string, at: number): MetricFamily {
  return { name, help, type: 'histogram', merge: 'sum', divisor: 1_000, series: seriesFrom(at) };
}

function seriesFrom(at: number | readonly MetricSeries[]): readonly MetricSeries[] {
  return typeof at === 'number' ? [{ at, labels: '' }] : at;
}

function labelled(label: string, cells: Readonly<Record<string, number>>): MetricSeries[] {
  return Object.entries(cells).map(([value, at]) => ({ at, labels: `${label}="${value}"` }));
}

const statusClasses = labelled('class', { '1xx': 0, '2xx': 1, '3xx': 2, '4xx': 3, '5xx': 4 });

/** The kinds in the order in which they lie in a slab and are rendered. */
export const blockKinds: Readonly<Record<BlockKindName, BlockKind>> = {
  gateway: {
    name: 'gateway',
    labels: [],
    cellCount: GatewayCell.descriptorsMax + 1,
    families: [
      counter(
        'cardea_config_reloads_total',
        'Configuration reloads, by result.',
        labelled('result', { success: GatewayCell.reloads, failure: GatewayCell.reloadFailures }),
      ),
      gauge(
        'cardea_config_last_success_timestamp_seconds',
        'When the current configuration took effect, as Unix time.',
        GatewayCell.lastReloadMs,
        'max',
      ),
      gauge('cardea_workers', 'Worker threads that are running.', GatewayCell.workers),
      counter(
        'cardea_worker_restarts_total',
        'Worker threads that died and were replaced.',
        GatewayCell.workerRestarts,
      ),
      gauge('process_resident_memory_bytes', 'Resident memory of the process.', GatewayCell.residentBytes, 'max'),
      counter('process_cpu_seconds_total', 'User and system CPU time of all threads.', GatewayCell.cpuMs),
      gauge('process_start_time_seconds', 'When the process started, as Unix time.', GatewayCell.startMs, 'max'),
      gauge('process_open_fds', 'Files and sockets that the process has open.', GatewayCell.openDescriptors, 'max'),
      gauge(
        'process_max_fds',
        'Files and sockets that the process may have open; 0 if unknown.',
        GatewayCell.descriptorsMax,
        'max',
      ),
    ],
  },
  build: {
    name: 'build',
    labels: ['version', 'node_version'],
    cellCount: 1,
    families: [gauge('cardea_build_info', 'Always 1; the labels are the versions of the gateway and of Node.', 0)],
  },
  worker: {
    name: 'worker',
    labels: [],
    cellCount: HTTP2_ERRORS_AT + http2Reasons.length,
    families: [
      counter('cardea_connections_accepted_total', 'Client connections accepted.', WorkerCell.connectionsAccepted),
      counter(
        'cardea_connections_refused_total',
        'Client connections closed at once: `limit` when limits.connections was reached, `descriptors` when the system allows no more open files.',
        labelled('reason', {
          limit: WorkerCell.connectionsRefused,
          descriptors: WorkerCell.connectionsWithoutDescriptor,
        }),
      ),
      counter(
        'cardea_tls_handshakes_total',
        'TLS handshakes with clients, by result: `full`, `resumed`, or the reason of the failure.',
        labelled('result', {
          full: WorkerCell.tlsHandshakes,
          resumed: WorkerCell.tlsResumed,
          aborted: WorkerCell.tlsAborted,
          failed: WorkerCell.tlsFailed,
          timeout: WorkerCell.tlsTimeout,
          too_many: WorkerCell.tlsRefused,
          no_protocol: WorkerCell.tlsNoProtocol,
          certificate_rejected: WorkerCell.tlsCertificateRejected,
        }),
      ),
      gauge('cardea_connections_open', 'Client connections open now.', WorkerCell.connectionsOpen),
      gauge('cardea_requests_in_flight', 'Requests in progress now.', WorkerCell.requestsInFlight),
      counter('cardea_received_bytes_total', 'Bytes received from clients.', WorkerCell.receivedBytes),
      counter('cardea_sent_bytes_total', 'Bytes sent to clients.', WorkerCell.sentBytes),
      histogram(
        'cardea_overhead_seconds',
        'Time from the start of a request to the head of its response, without the wait for the upstream: processing and queues of the gateway itself.',
        WorkerCell.overhead,
      ),
      counter(
        'cardea_refusals_total',
        'Requests that the gateway refused or could not complete, by code; see docs/errors.md.',
        labelled('code', refusalCell),
      ),
      counter(
        'cardea_http2_errors_total',
        'HTTP/2 streams and connections of clients that were ended because of the client’s behaviour, by reason.',
        labelled('reason', http2Cell),
      ),
      counter(
        'cardea_access_log_lines_total',
        'Access log lines, by result.',
        labelled('result', { written: WorkerCell.accessLogWritten, dropped: WorkerCell.accessLogDropped }),
      ),
      gauge(
        'cardea_event_loop_delay_seconds',
        'Delay of the event loop of the worst worker; max is over the last half minute.',
        labelled('stat', {
          p50: WorkerCell.eventLoopDelayP50Ms,
          p99: WorkerCell.eventLoopDelayP99Ms,
          max: WorkerCell.eventLoopDelayMaxMs,
        }),
        'max',
      ),
      gauge(
        'cardea_shed_ratio',
        'Share of requests that are refused now because of overload, 0 to 1, in the worker that refuses most.',
        WorkerCell.shedShare,
        'max',
      ),
      gauge('cardea_heap_used_bytes', 'JavaScript heap in use in the workers.', WorkerCell.heapUsedBytes),
      gauge(
        'cardea_external_memory_bytes',
        'Memory of the workers outside the heap: buffers.',
        WorkerCell.externalBytes,
      ),
    ],
  },
  route: {
    name: 'route',
    labels: ['route'],
    cellCount: ROUTE_LINES * CELLS_A_LINE,
    hidden: [{ at: ROUTE_CELLS_USED, cells: ROUTE_LINES * CELLS_A_LINE - ROUTE_CELLS_USED }],
    families: [
      counter('cardea_requests_total', 'Requests that got a response, by route and status class.', statusClasses),
      histogram(
        'cardea_request_duration_seconds',
        'Time from the first byte of a request to the last byte of its response.',
        RouteCell.duration,
      ),
      counter('cardea_request_bytes_total', 'Bytes of requests as received, head and body.', RouteCell.requestBytes),
      counter('cardea_response_bytes_total', 'Bytes of responses as sent, head and body.', RouteCell.responseBytes),
    ],
  },
  upstream: {
    name: 'upstream',
    labels: ['upstream'],
    cellCount: UpstreamCell.responseTime + HISTOGRAM_CELLS,
    families: [
      counter('cardea_upstream_attempts_total', 'Attempts that got a response, by status class.', statusClasses),
      counter(
        'cardea_upstream_connect_errors_total',
        'Connections to endpoints that could not be opened.',
        UpstreamCell.connectErrors,
      ),
      counter(
        'cardea_upstream_resets_total',
        'Attempts whose connection ended before the response was complete.',
        UpstreamCell.resets,
      ),
      counter('cardea_upstream_timeouts_total', 'Attempts that timed out.', UpstreamCell.timeouts),
      counter('cardea_upstream_retries_total', 'Attempts after the first.', UpstreamCell.retries),
      counter(
        'cardea_upstream_retries_denied_total',
        'Retries that were not made because the retry budget was used up.',
        UpstreamCell.retriesDenied,
      ),
      counter(
        'cardea_upstream_hedges_total',
        'Second attempts that were started while a slow first one was in progress.',
        UpstreamCell.hedges,
      ),
      counter(
        'cardea_upstream_ejections_total',
        'Endpoints taken out of use because live traffic failed there.',
        UpstreamCell.ejections,
      ),
      counter('cardea_upstream_breaker_opens_total', 'Times that a circuit breaker opened.', UpstreamCell.breakerOpens),
      counter(
        'cardea_upstream_breaker_refusals_total',
        'Attempts that an open circuit breaker prevented.',
        UpstreamCell.breakerRefusals,
      ),
      gauge(
        'cardea_upstream_breaker_state',
        'Circuit breaker of the upstream: 0 closed, 1 open, 2 half-open.',
        UpstreamCell.breakerState,
        'max',
      ),
      counter(
        'cardea_upstream_fallbacks_total',
        'Requests that got the fallback of their route: its reply, or another upstream.',
        UpstreamCell.fallbacks,
      ),
      counter(
        'cardea_upstream_kept_answers_total',
        'Good responses of routes with `fallback: { cache }` that were kept (`kept`), and kept ones that were given to clients because the upstream failed (`given`).',
        labelled('event', { kept: UpstreamCell.keptStored, given: UpstreamCell.keptGiven }),
      ),
      gauge(
        'cardea_upstream_concurrency_limit',
        'Requests in progress that `concurrency` allows now; 0 without a limit.',
        UpstreamCell.concurrencyLimit,
        'max',
      ),
      gauge(
        'cardea_upstream_admitted_requests',
        'Requests in progress that `concurrency` has admitted, over all workers.',
        UpstreamCell.admitted,
        'max',
      ),
      gauge('cardea_upstream_queued_requests', 'Requests that wait to be admitted.', UpstreamCell.queued),
      histogram(
        'cardea_upstream_response_seconds',
        'Time from the first byte of a request sent to the first byte of its response.',
        UpstreamCell.responseTime,
      ),
      gauge(
        'cardea_upstream_connections',
        'Connections to endpoints now, by state.',
        labelled('state', { active: UpstreamCell.connectionsActive, idle: UpstreamCell.connectionsIdle }),
      ),
      gauge('cardea_upstream_pending_requests', 'Requests that wait for a connection now.', UpstreamCell.pending),
      counter('cardea_upstream_connects_total', 'Connections opened to endpoints.', UpstreamCell.connects),
      counter(
        'cardea_upstream_connection_reuses_total',
        'Requests sent over a connection that had already been used.',
        UpstreamCell.reuses,
      ),
      gauge('cardea_upstream_endpoints', 'Endpoints configured or discovered.', UpstreamCell.endpoints, 'max'),
      gauge(
        'cardea_upstream_endpoints_available',
        'Endpoints that may be used, in the worker that has the most.',
        UpstreamCell.endpointsAvailable,
        'max',
      ),
      gauge(
        'cardea_upstream_backups_in_use',
        '1 while requests go to endpoints with `backup`, because no other may be used; otherwise 0.',
        UpstreamCell.backupsInUse,
        'max',
      ),
    ],
  },
  consumer: {
    name: 'consumer',
    labels: ['consumer'],
    cellCount: CONSUMER_CELLS,
    families: [
      counter(
        'cardea_consumer_requests_total',
        'Requests whose caller was recognised, by consumer and status class; needs `metrics: { consumers }`.',
        statusClasses,
      ),
      counter(
        'cardea_consumer_request_bytes_total',
        'Bytes received from a consumer, heads included.',
        ConsumerCell.requestBytes,
      ),
      counter(
        'cardea_consumer_response_bytes_total',
        'Bytes sent to a consumer, heads included.',
        ConsumerCell.responseBytes,
      ),
    ],
  },
  limit: {
    name: 'limit',
    labels: ['route', 'limit'],
    cellCount: LimitCell.wouldRefuse + 1,
    families: [
      counter(
        'cardea_limit_decisions_total',
        'Decisions of rateLimit, by route and limit; route="*" is the global chain, and a refusal counts for the limit that refused.',
        labelled('outcome', {
          admitted: LimitCell.admitted,
          refused: LimitCell.refused,
          would_refuse: LimitCell.wouldRefuse,
        }),
      ),
    ],
  },
  canary: {
    name: 'canary',
    labels: ['route'],
    cellCount: CANARY_CELLS,
    hidden: [
      { at: CanaryCell.stable + VersionCell.latency, cells: LATENCY_BUCKETS },
      { at: CanaryCell.canary + VersionCell.latency, cells: LATENCY_BUCKETS },
    ],
    families: [
      counter(
        'cardea_canary_requests_total',
        'Requests of routes with a canary, by version and outcome; `error` is 5xx or no response.',
        [
          { at: CanaryCell.stable + VersionCell.ok, labels: 'version="stable",outcome="ok"' },
          { at: CanaryCell.stable + VersionCell.errors, labels: 'version="stable",outcome="error"' },
          { at: CanaryCell.canary + VersionCell.ok, labels: 'version="canary",outcome="ok"' },
          { at: CanaryCell.canary + VersionCell.errors, labels: 'version="canary",outcome="error"' },
        ],
      ),
      gauge(
        'cardea_canary_share_ratio',
        'Share of requests or users that the canary gets now, 0 to 1.',
        CanaryCell.share,
        'max',
      ),
      gauge(
        'cardea_canary_state',
        'State of a canary: 0 waits for figures of the stable version, 1 in progress, 2 promoted, 3 rolled back, 4 unknown because its store is not reachable; NaN for a route that no longer has one.',
        CanaryCell.state,
        'max',
      ),
      counter(
        'cardea_canary_decisions_total',
        'Decisions about canaries.',
        labelled('decision', {
          step: CanaryCell.steps,
          promoted: CanaryCell.promotions,
          rolled_back: CanaryCell.rollbacks,
        }),
      ),
    ],
  },
  mirror: {
    name: 'mirror',
    labels: ['route'],
    cellCount: MIRROR_CELLS,
    families: [
      counter(
        'cardea_mirror_requests_total',
        'Requests chosen to be copied to another upstream, by what happened to the copy.',
        labelled('outcome', {
          answered: MirrorCell.answered,
          failed: MirrorCell.failed,
          dropped: MirrorCell.dropped,
          too_large: MirrorCell.tooLarge,
        }),
      ),
      counter(
        'cardea_mirror_comparisons_total',
        'Comparisons of responses to copies with responses to clients; one comparison may find several differences.',
        labelled('result', {
          same: MirrorCell.same,
          status_differs: MirrorCell.statusDiffers,
          headers_differ: MirrorCell.headersDiffer,
          body_differs: MirrorCell.bodyDiffers,
          not_compared: MirrorCell.notCompared,
        }),
      ),
    ],
  },
  certificate: {
    name: 'certificate',
    labels: ['file'],
    cellCount: 1,
    families: [
      // Summed, though only the supervisor writes it: the largest value of all threads could never be below 0.
      gauge(
        'cardea_certificate_expiry_days',
        'Days until the first certificate of a chain, or the last authority of a file, expires, by file, negative once it has; NaN for a file that is no longer used.',
        0,
      ),
    ],
  },
  revocationList: {
    name: 'revocationList',
    labels: ['file'],
    cellCount: 1,
    families: [
      // Summed for the same reason.
      gauge(
        'cardea_revocation_list_expiry_days',
        'Days until a list of revoked certificates (`tls.clientAuth.crl` of a listener, `crl` of the filter mtls) expires, by file, negative once it has: clients are refused then. NaN for one that is no longer used.',
        0,
      ),
    ],
  },
  event: {
    name: 'event',
    labels: ['filter', 'event'],
    cellCount: 1,
    families: [
      counter('cardea_filter_events_total', 'Decisions and events in filters, by kind of filter; see its guide.', 0),
    ],
  },
};
