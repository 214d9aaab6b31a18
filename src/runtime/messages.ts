// The messages between the supervisor and a worker thread. Types only.

import type { Http2Config, Problem } from '../config/config.ts';
import type { ClientTlsMaterial, ServerTlsMaterial } from '../net/tls/tls-material.ts';
import type { ConsumerSeries } from '../telemetry/consumer-counter.ts';
import type { LogFields, LogLevel } from '../telemetry/operator-log.ts';
import type { ConfigTransfer } from './config-transfer.ts';
import type { SharedTable } from './shared-tables.ts';
import type { TicketKeyRings } from './ticket-keys.ts';

/** Shared memory and places in it that a worker gets once, before anything else. */
export interface WorkerSetup {
  readonly slot: number;
  readonly cells: SharedArrayBuffer;
  readonly workerMetricsOffset: number;
  /** Null when requests are not counted by consumer. */
  readonly consumers: ConsumerSeries | null;
  /** States of upstreams that all workers share; see src/upstream/state. */
  readonly states: SharedArrayBuffer;
  /** `stdout`, `off` or a file's path. */
  readonly accessLogPath: string;
  /** The worker replaces one that died: it starts without whatever it cannot have at the moment. */
  readonly isReplacement: boolean;
}

/** A configuration to compile beside the one that serves. */
export interface PrepareOrder {
  readonly transfer: ConfigTransfer;
  /** Names of the filters in use, to be loaded before compiling. */
  readonly filters: readonly string[];
  /** Offsets of the metric blocks by name, in the format of `packOffsets`. */
  readonly routeMetricOffsets: string;
  readonly upstreamMetricOffsets: string;
  readonly eventMetricOffsets: string;
  readonly limitMetricOffsets: string;
  readonly canaryMetricOffsets: string;
  readonly mirrorMetricOffsets: string;
  /** Memory that filters share with other threads, by name. */
  readonly tables: ReadonlyMap<string, SharedTable>;
  /** TLS files by the upstream's name. */
  readonly upstreamTls: ReadonlyMap<string, ClientTlsMaterial>;
}

export interface PrepareReport {
  /** Errors and warnings; no errors when the configuration can be used. Paths refer to the document. */
  readonly problems: readonly Problem[];
  readonly decodedElements: number;
  readonly keptRoutes: number;
  readonly totalMs: number;
  readonly longestSliceMs: number;
}

/** An address to listen on. `key` identifies it across reloads; `port` is the real port, 0 only for the first worker. */
export interface ListenOrder {
  readonly key: string;
  readonly host: string;
  readonly port: number;
  readonly proxyProtocol: boolean;
  readonly trustedProxies: readonly string[];
  readonly protocols: readonly string[];
  readonly http2: Http2Config;
  readonly keepsClientCertificateHeaders: boolean;
  /** Null for plain text. */
  readonly tls: ServerTlsMaterial | null;
}

/** `error` is empty when all addresses listen. `ports` are in the order of the listen orders. */
export interface ListenReport {
  readonly ports: readonly number[];
  readonly error: string;
}

/** One endpoint as one worker sees it. */
export interface EndpointState {
  readonly url: string;
  readonly weight: number;
  readonly backup?: boolean;
  readonly available: boolean;
  /** One word; see `endpointReport`. */
  readonly state: string;
  /** Why the endpoint is in this state; empty when there is nothing to say. */
  readonly reason: string;
  /** Milliseconds since the endpoint entered this state; null when unknown. */
  readonly ageMs: number | null;
  readonly inFlight: number;
  readonly active: number;
  readonly idle: number;
  readonly pending: number;
}

/** The source of discovered endpoints, the age of its result and what is wrong with it; see `RunningFeed.describe`. */
export type DiscoveryState = Readonly<Record<string, string | number | null>>;

export interface UpstreamState {
  readonly name: string;
  /** Filled in by the supervisor, for upstreams with discovered endpoints. */
  readonly discovery?: readonly DiscoveryState[];
  /** The breaker of the upstream as a whole, if configured. `waitMs` is in milliseconds. */
  readonly breaker?: { readonly state: string; readonly waitMs: number };
  /** Too few endpoints are available, so requests go to all of them. */
  readonly panic?: boolean;
  /** Present when a concurrency limit is configured: requests in progress on all workers, and requests that wait. */
  readonly concurrency?: { readonly limit: number; readonly inFlight: number; readonly queued: number };
  readonly endpoints: readonly EndpointState[];
}

/** Each call of the supervisor with its answer. A worker handles calls in the order sent, except `drain`. */
export interface WorkerCalls {
  setup: { ask: WorkerSetup; answer: null };
  /** Compiles a configuration beside the one that serves. A second call replaces the first. */
  prepare: { ask: PrepareOrder; answer: PrepareReport };
  /** Opens those of these addresses, the whole list, that are not open yet. Connections to new listeners are held until `commit`. */
  listen: { ask: readonly ListenOrder[]; answer: ListenReport };
  /** Puts what was prepared to use, and closes listeners that the last `listen` did not name. */
  commit: { ask: null; answer: null };
  /** Discards what was prepared, and closes what was opened for it. */
  abort: { ask: null; answer: null };
  /** Closes every listener. Requests in progress continue. */
  stopListening: { ask: null; answer: null };
  /** Asks clients to leave; answers when all requests have finished or were cut off after this time. The thread then ends. */
  drain: { ask: { readonly timeoutMs: number }; answer: null };
  reopenLog: { ask: null; answer: null };
  /** All keys of session tickets, for listeners without ticket keys of their own. */
  tickets: { ask: TicketKeyRings; answer: null };
  /** The newest value of a feed. */
  feed: { ask: { readonly key: string; readonly value: unknown }; answer: null };
  upstreams: { ask: null; answer: readonly UpstreamState[] };
  /** Asks for a sign of life. */
  ping: { ask: null; answer: null };
  /** For tests: throws outside of any request, or never returns. */
  crash: { ask: 'throw' | 'hang'; answer: null };
}

export type CallName = keyof WorkerCalls;
export type Ask<Name extends CallName> = WorkerCalls[Name]['ask'];
export type Answer<Name extends CallName> = WorkerCalls[Name]['answer'];

/** Supervisor to worker. */
export interface CallMessage<Name extends CallName = CallName> {
  readonly id: number;
  readonly name: Name;
  readonly ask: Ask<Name>;
}

/** A log line of a worker for the operator log. */
export interface LogLine {
  readonly kind: 'log';
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
  /** See `OperatorLog.log`. */
  readonly isRecord: boolean;
}

/** Worker to supervisor. */
export type WorkerMessage =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer<CallName> }
  | { readonly kind: 'failure'; readonly id: number; readonly reason: string }
  /** A filter asks a feed's source to look again. */
  | { readonly kind: 'nudge'; readonly key: string; readonly hint: string }
  | LogLine;
