// One request and its response on their way through the gateway: their state and the interface for filters. The steps are in other files.

import type { Fault } from '../base/fault.ts';
import { latin1 } from '../base/latin1.ts';
import { type Timed, UNSCHEDULED } from '../base/timer-wheel.ts';
import { cookieValue } from '../http/cookies.ts';
import type { ResponseHead } from '../http/h1/response-head.ts';
import { HeaderId } from '../http/header-names.ts';
import type { Headers } from '../http/headers.ts';
import type { RequestHead } from '../http/request-head.ts';
import type { Client } from '../net/client.ts';
import type {
  RequestEvents,
  RequestTimes,
  RequestWriter,
  ResponseEvents,
  ResponseWriter,
} from '../net/exchange-ends.ts';
import type { FoundRoute } from '../route/found-route.ts';
import { NO_VERSION } from '../telemetry/canary-cells.ts';
import { ID_DIGITS, type IdBatch, REQUEST_ID_AT, TRACE_ID_AT } from '../telemetry/id-blocks.ts';
import { isRequestId } from '../telemetry/request-id.ts';
import type { Gate, GateWaiter } from '../upstream/admission/gate.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { ConnectionWaiter } from '../upstream/endpoint-pool.ts';
import { NO_PASS } from '../upstream/guard.ts';
import type { RetryPolicy } from '../upstream/retry/retry-policy.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { BodyPipe } from './body-pipe.ts';
import type { BodyCollector } from './collect-body.ts';
import type { DeferralWait } from './deferred/deferral-wait.ts';
import { isGrpc } from './grpc-answer.ts';
import type { Hedge } from './hedge.ts';
import type { Consumer, Identity } from './identity/consumer.ts';
import type { MirrorCopy } from './mirror/mirror-copy.ts';
import type { ExchangeResponse, Reply } from './response.ts';
import type { Retries } from './retries.ts';
import type { Route } from './route.ts';
import type { ExchangeServices } from './services.ts';
import type { Snapshot } from './snapshot.ts';

/** The request as it will go upstream. Filters may change `method`, `path`, `query`, `authority` and the headers. */
export type ExchangeRequest = RequestHead;

/** Who made the final response. */
export type AnsweredBy = 'nobody' | 'upstream' | 'gateway';

const noState: unknown[] = [];

export class Exchange implements RequestEvents, ResponseEvents, ConnectionWaiter, GateWaiter, RequestTimes, Timed {
  // Required by RequestTimes and Timed. `deadline`: monotonic ms at which the whole exchange must be over; Infinity for no limit.
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  responseTimeoutMs: number;
  idleTimeoutMs: number;

  readonly services: ExchangeServices;
  readonly snapshot: Snapshot;
  readonly downstream: ResponseWriter;
  readonly client: Client;
  readonly request: ExchangeRequest;
  response: ExchangeResponse | null;
  found: FoundRoute<Route> | null;
  route: Route | null;
  /** The consumer that an identity filter recognised; null before, and for credentials that belong to no known consumer. */
  consumer: Consumer | null;
  /** The content of the verified credential; null while no credential was verified. */
  identity: Identity | null;
  /** One cell per filter; see `FilterServices.slot`. */
  state: unknown[];
  /** What went wrong; null while nothing did. */
  fault: Fault | null;
  /** True once the exchange is over: code that resumes late must do nothing. */
  ended: boolean;

  /** Number of filters entered so far: the position in the route's chain. */
  entered: number;
  /** True while a filter waits: body pieces that arrive meanwhile are held. */
  suspended: boolean;
  earlyReply: Reply | null;
  answeredBy: AnsweredBy;
  responseStarted: boolean;
  /** True when the response skips the filters' `onResponse`, because one of them failed on it. */
  passFilters: boolean;

  upstream: Upstream | null;
  endpoint: Endpoint | null;
  connection: RequestWriter | null;
  waiting: boolean;
  attempts: number;
  /** Null when no retry is configured; dead kept connections and unprocessed requests are retried all the same (see retry.ts). */
  retryPolicy: RetryPolicy | null;
  /** The failed attempts, and the timer of the next one; null until it is first needed. */
  retries: Retries | null;
  /** The second try beside the first; null while none is scheduled or begun, and for routes without `hedge`. */
  hedge: Hedge | null;
  /** The circuit breaker's pass for the attempt in progress; below 0 when there is none to give back. */
  breakerPass: number;
  /** The gate at which the exchange waits, null for none, and since when (monotonic ms). */
  waitsAt: Gate | null;
  waitsSince: number;
  /** The gates that admitted the exchange and count it as in progress; null for none. */
  routeGate: Gate | null;
  upstreamGate: Gate | null;
  /** The time after which the client gets a 202; null where the client waits for as long as the response takes. */
  deferral: DeferralWait | null;
  /** What is kept for the copy that a mirror sends; null when this exchange is not copied. */
  mirror: MirrorCopy | null;
  /** Offset of the cells in which its version is counted, see count-version.ts; below 0 when no version is counted. */
  versionCellsAt: number;
  /** True once the received head has been prepared for the upstream; see send-head.ts. */
  headReady: boolean;
  /** Header lines with the ids for the upstream when an id came from outside; else empty. */
  foreignIds: string;
  /** Forwarding header lines that continue those of a trusted proxy, which are removed from the head; else empty. */
  continuedLines: string;
  /** `Set-Cookie` value of a sticky split, sent with the response; empty for none. */
  stickyCookie: string;
  /** As `stickyCookie`, for session affinity to an endpoint; sent with responses of the upstream only. */
  affinityCookie: string;

  /** The request has been received completely. */
  requestEnded: boolean;
  /** Whole milliseconds from the start of the exchange to the end of the request's body; 0 before that, and without a body. */
  requestTookMs: number;
  requestTrailers: Headers | null;
  /** Body pieces that wait for a connection or a filter. */
  heldRequest: Buffer[] | null;
  /** Body pieces already sent, kept for another attempt; null when none are kept, and once they are too many. */
  replayable: Buffer[] | null;
  replayableBytes: number;
  /** More of the body was sent than is remembered, so it cannot be sent again. */
  replayGivenUp: boolean;
  requestPipe: BodyPipe | null;
  /** Filters may change the request's body, so its length is not known in advance. */
  requestFiltered: boolean;
  /** Response pieces that arrived while a filter waited. */
  heldResponse: Buffer[] | null;
  heldResponseEnd: boolean;
  responseTrailers: Headers | null;
  responsePipe: BodyPipe | null;
  /** True while the client, or below the upstream, takes no bytes: code that resumes after a wait must not restart the flow. */
  responseIsBlocked: boolean;
  requestIsBlocked: boolean;
  /** The body is being gathered because routes match on it. */
  gathering: boolean;
  /** Gathers the body for a filter that needs all of it; null when no filter does. */
  collector: BodyCollector | null;

  /** When the exchange began, monotonic milliseconds. A deferred request that was handed over keeps its first start. */
  startedAt: number;
  /** Monotonic milliseconds of sending upstream and of the first byte back, in the last attempt; 0 when it did not happen. */
  sentAt: number;
  firstByteAt: number;
  /** Monotonic milliseconds when the response's head was sent to the client; 0 if it was not. */
  answeredAt: number;
  requestBytes: number;
  /** Largest request body accepted, in bytes; 0 is no limit. Starts as `limits.body`; a route may set its own, and a filter may lower it. */
  bodyBytesMax: number;
  responseBytes: number;
  private id: string;
  private idGiven: boolean;
  /** The trace id sent upstream when an id came from outside, see foreign-ids.ts; else empty, and the block at `idAt` has it. */
  traceIdOverride: string;
  /** The batch with the block of ids made for this exchange, which begins at `idAt`; see IdBlocks. */
  readonly idBatch: IdBatch;
  readonly idAt: number;

  constructor(
    services: ExchangeServices,
    snapshot: Snapshot,
    downstream: ResponseWriter,
    client: Client,
    request: RequestHead,
  ) {
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.responseTimeoutMs = 0;
    this.idleTimeoutMs = 0;
    this.services = services;
    this.snapshot = snapshot;
    this.downstream = downstream;
    this.client = client;
    this.request = request;
    this.response = null;
    this.found = null;
    this.route = null;
    this.consumer = null;
    this.identity = null;
    this.state = noState;
    this.fault = null;
    this.ended = false;
    this.entered = 0;
    this.suspended = false;
    this.earlyReply = null;
    this.answeredBy = 'nobody';
    this.responseStarted = false;
    this.passFilters = false;
    this.upstream = null;
    this.endpoint = null;
    this.connection = null;
    this.waiting = false;
    this.attempts = 0;
    this.retryPolicy = null;
    this.retries = null;
    this.hedge = null;
    this.breakerPass = NO_PASS;
    this.waitsAt = null;
    this.waitsSince = 0;
    this.routeGate = null;
    this.upstreamGate = null;
    this.deferral = null;
    this.mirror = null;
    this.versionCellsAt = NO_VERSION;
    this.headReady = false;
    this.foreignIds = '';
    this.continuedLines = '';
    this.stickyCookie = '';
    this.affinityCookie = '';
    this.requestEnded = !request.hasBody;
    this.requestTookMs = 0;
    this.requestTrailers = null;
    this.heldRequest = null;
    this.replayable = null;
    this.replayableBytes = 0;
    this.replayGivenUp = false;
    this.requestPipe = null;
    this.requestFiltered = false;
    this.heldResponse = null;
    this.heldResponseEnd = false;
    this.responseTrailers = null;
    this.responsePipe = null;
    this.responseIsBlocked = false;
    this.requestIsBlocked = false;
    this.gathering = false;
    this.collector = null;
    this.startedAt = services.io.clock.now;
    this.sentAt = 0;
    this.firstByteAt = 0;
    this.answeredAt = 0;
    this.requestBytes = request.headBytes;
    this.bodyBytesMax = snapshot.limits.bodyBytesMax;
    this.responseBytes = 0;
    this.id = '';
    this.idGiven = false;
    this.traceIdOverride = '';
    this.idAt = services.ids.take();
    this.idBatch = services.ids.batch;
  }

  // ---- The interface for filters -------------------------------------------------------------------------------

  /** The id that a trusted proxy or a filter gave, else 32 hex digits of the gateway. The log and the upstream see the same id. */
  get requestId(): string {
    if (this.id === '') {
      const claimed = this.client.trusted ? this.request.headers.getUnrepeatedById(HeaderId.xRequestId) : undefined;
      this.idGiven = claimed !== undefined && isRequestId(claimed);
      this.id = this.idGiven ? claimed! : this.madeId(REQUEST_ID_AT);
    }
    return this.id;
  }

  set requestId(id: string) {
    this.id = id;
    this.idGiven = true;
  }

  /** Uses the id that the gateway made, whatever a trusted proxy sent. */
  useOwnId(): void {
    this.id = this.madeId(REQUEST_ID_AT);
    this.idGiven = false;
  }

  /** Whether the request uses the id that the gateway made, not one from outside. */
  get hasOwnId(): boolean {
    // Because: the id that a trusted client claims is read only when `requestId` is asked for.
    if (this.client.trusted) void this.requestId;
    return !this.idGiven;
  }

  /** 32 hex digits: the caller's trace, or the one that begins here. */
  get traceId(): string {
    return this.traceIdOverride === '' ? this.madeId(TRACE_ID_AT) : this.traceIdOverride;
  }

  private madeId(at: number): string {
    return latin1(this.idBatch.bytes, this.idAt + at, this.idAt + at + ID_DIGITS);
  }

  /** Silence allowed in the request's body, ms; 0: the listener's limits. gRPC callers may be as quiet before the response as after it. */
  get quietMs(): number {
    return this.upstream !== null && isGrpc(this.request) ? this.idleTimeoutMs || Infinity : 0;
  }

  /** Name of the route; empty until one was found. */
  get routeName(): string {
    return this.route === null ? '' : this.route.name;
  }

  /** A parameter of the route's path, decoded; undefined for an unknown name. */
  param(name: string): string | undefined {
    return this.found?.param(name);
  }

  /** Value of a cookie of the request, undefined when there is none. */
  cookie(name: string): string | undefined {
    return cookieValue(this.request.headers.getById(HeaderId.cookie), name);
  }

  /** Answers early. Only in `onRequest` and `onRequestBody`, once; later calls do nothing. */
  reply(reply: Reply): void {
    if (this.ended || this.answeredBy !== 'nobody') return;
    this.earlyReply ??= reply;
  }

  /**
   * Answers early with a refusal: problem+json, or a gRPC status for gRPC callers. The client sees the fault's `detail`. Where the upstream's
   * response to a body that is still arriving has begun, that response is cut.
   */
  refuse(fault: Fault, headers?: Iterable<readonly [string, string]>): void {
    if (this.ended) return;
    if (this.answeredBy === 'upstream') this.fault ??= fault;
    if (this.answeredBy !== 'nobody' || this.earlyReply !== null) return;
    this.fault = fault;
    this.earlyReply = headers === undefined ? { status: fault.kind.status } : { status: fault.kind.status, headers };
  }

  /** Withdraws an early reply that was not sent yet, with fault, consumer and identity: for filters that try several ways in turn. */
  withdrawReply(): void {
    this.earlyReply = null;
    this.fault = null;
    this.consumer = null;
    this.identity = null;
  }

  /** Stops waiting for a connection or at a gate. Does nothing when the exchange does not wait. */
  stopWaiting(): void {
    if (!this.waiting) return;
    this.waiting = false;
    if (this.waitsAt !== null) this.waitsAt.forget(this);
    else this.endpoint!.pool.forget(this);
  }

  // ---- Events of both connections, the pool, the gates and the wheel -------------------------------------------

  onRequestBody(bytes: Buffer, start: number, end: number): void {
    this.services.steps.requestBody(this, bytes, start, end);
  }
  onRequestEnd(trailers: Headers | null): void {
    this.services.steps.requestEnd(this, trailers);
  }
  onRequestFault(fault: Fault): void {
    this.services.steps.requestFault(this, fault);
  }
  onResponseBlocked(): void {
    this.services.steps.responseBlocked(this);
  }
  onResponseDrained(): void {
    this.services.steps.responseDrained(this);
  }
  onInformational(head: ResponseHead): void {
    this.services.steps.informational(this, head);
  }
  onResponseHead(head: ResponseHead): void {
    this.services.steps.responseHead(this, head);
  }
  onResponseBody(bytes: Buffer, start: number, end: number): void {
    this.services.steps.responseBody(this, bytes, start, end);
  }
  onResponseEnd(trailers: Headers | null): void {
    this.services.steps.responseEnd(this, trailers);
  }
  onUpstreamFault(fault: Fault): void {
    this.services.steps.upstreamFault(this, fault);
  }
  onRequestBlocked(): void {
    this.services.steps.requestBlocked(this);
  }
  onRequestDrained(): void {
    this.services.steps.requestDrained(this);
  }
  onConnection(connection: RequestWriter): void {
    this.services.steps.connection(this, connection);
  }
  onNoConnection(fault: Fault): void {
    this.services.steps.noConnection(this, fault);
  }
  onAdmitted(): void {
    this.services.steps.admitted(this);
  }
  onNotAdmitted(): void {
    this.services.steps.notAdmitted(this);
  }
  onDeadline(): void {
    this.services.steps.deadlineReached(this);
  }
}
