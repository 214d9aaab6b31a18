// What the supervisor and a worker thread say to each other. Types only.

import type { Http2Config, Problem } from '../config/config.ts';
import type { ClientTlsMaterial, ServerTlsMaterial, TicketKeys } from '../net/tls/tls-material.ts';
import type { ConsumerSeries } from '../telemetry/consumer-counter.ts';
import type { LogFields, LogLevel } from '../telemetry/operator-log.ts';
import type { ConfigTransfer } from './config-transfer.ts';
import type { SharedTable } from './shared-tables.ts';

/** Memory and places that a worker gets once, before anything else. */
export interface WorkerSetup {
  readonly slot: number;
  readonly cells: SharedArrayBuffer;
  readonly workerMetricsOffset: number;
  /** Null where requests are not counted by consumer. */
  readonly consumers: ConsumerSeries | null;
  /** What all workers know of upstreams; see src/upstream/state. */
  readonly states: SharedArrayBuffer;
  /** `stdout`, `off` or a file's path. */
  readonly accessLogPath: string;
  /** It takes the place of one that died: what it cannot have meanwhile, it goes without. */
  readonly isReplacement: boolean;
}

/** A configuration to compile aside. */
export interface PrepareOrder {
  readonly transfer: ConfigTransfer;
  /** Names of the filters that it uses, to be loaded before it is compiled. */
  readonly filters: readonly string[];
  /** Where names count, as `packOffsets` writes it. */
  readonly routeOffsets: string;
  readonly upstreamOffsets: string;
  readonly eventOffsets: string;
  readonly limitOffsets: string;
  readonly canaryOffsets: string;
  readonly mirrorOffsets: string;
  /** Memory that filters share with other threads, by name. */
  readonly tables: ReadonlyMap<string, SharedTable>;
  /** By name of the upstream. */
  readonly upstreamTls: ReadonlyMap<string, ClientTlsMaterial>;
}

export interface PrepareReport {
  /** Empty of errors when it can be used. Paths lead into the document. */
  readonly problems: readonly Problem[];
  readonly decodedElements: number;
  readonly keptRoutes: number;
  readonly totalMs: number;
  readonly longestSliceMs: number;
}

/** An address to listen on. `key` is its identity over reloads; `port` is the real one, 0 only for the first worker. */
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

/** `error` is empty when all listen. Ports are in the order of the orders. */
export interface ListenReport {
  readonly ports: readonly number[];
  readonly error: string;
}

/** One endpoint as one worker sees it. */
export interface EndpointState {
  readonly url: string;
  readonly weight: number;
  readonly available: boolean;
  /** In one word; see `endpointReport`. */
  readonly state: string;
  /** Why, empty where there is nothing to say. */
  readonly reason: string;
  /** Milliseconds for which it has been so; null when that is not known. */
  readonly ageMs: number | null;
  readonly inFlight: number;
  readonly active: number;
  readonly idle: number;
  readonly pending: number;
}

/** Where endpoints were found, how old that is and what is wrong with it; see `RunningFeed.describe`. */
export type DiscoveryState = Readonly<Record<string, string | number | null>>;

export interface UpstreamState {
  readonly name: string;
  /** Filled in by the supervisor, for upstreams whose endpoints are found. */
  readonly discovery?: readonly DiscoveryState[];
  /** Of the upstream as a whole, where it has one. */
  readonly breaker?: { readonly state: string; readonly waitMs: number };
  /** Too few endpoints were usable, so all are used. */
  readonly panic?: boolean;
  /** Where a limit was asked for: requests under way of all workers, and those that wait. */
  readonly concurrency?: { readonly limit: number; readonly inFlight: number; readonly queued: number };
  readonly endpoints: readonly EndpointState[];
}

/** Each request of the supervisor with its answer. A worker handles them in the order sent, except `drain`. */
export interface WorkerCalls {
  setup: { ask: WorkerSetup; answer: null };
  /** Compiles beside what serves. A second one replaces the first. */
  prepare: { ask: PrepareOrder; answer: PrepareReport };
  /** Opens what is not open yet, as the whole list of addresses; connections wait until `commit`. */
  listen: { ask: readonly ListenOrder[]; answer: ListenReport };
  /** Puts what was prepared to use, and closes listeners that the last `listen` did not name. */
  commit: { ask: null; answer: null };
  /** Forgets what was prepared, and closes what was opened for it. */
  abort: { ask: null; answer: null };
  /** Closes every listener. Requests go on as before. */
  stopListening: { ask: null; answer: null };
  /** Asks clients to leave, and answers when all is finished, or cut after this time. The thread then ends. */
  drain: { ask: { readonly timeoutMs: number }; answer: null };
  reopenLog: { ask: null; answer: null };
  /** Keys of session tickets, for the listeners that have none of their own. */
  tickets: { ask: TicketKeys; answer: null };
  /** The newest value of a feed. */
  feed: { ask: { readonly key: string; readonly value: unknown }; answer: null };
  upstreams: { ask: null; answer: readonly UpstreamState[] };
  /** A sign of life. */
  ping: { ask: null; answer: null };
  /** For tests: throws outside of any request. */
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

/** What a worker has to say to the operator. */
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
