// What an exchange needs of its worker, and the events it passes on. Types only.

import type { Fault } from '../base/fault.ts';
import type { ResponseHead } from '../http/h1/response-head.ts';
import type { Headers } from '../http/headers.ts';
import type { RequestWriter } from '../net/exchange-ends.ts';
import type { AccessLog } from '../telemetry/access-log.ts';
import type { ConsumerCounter } from '../telemetry/consumer-counter.ts';
import type { FailureLog } from '../telemetry/failure-log.ts';
import type { IdBlocks } from '../telemetry/id-blocks.ts';
import type { LogFields } from '../telemetry/operator-log.ts';
import type { PoolContext } from '../upstream/pool.ts';
import type { Shedder } from './admission/shedder.ts';
import type { Unattended } from './deferred/unattended.ts';
import type { Exchange } from './exchange.ts';

/** What an exchange needs of its worker. */
export interface ExchangeServices extends PoolContext {
  readonly workerMetricsOffset: number;
  /** Null: requests are not counted by consumer. */
  readonly consumers: ConsumerCounter | null;
  readonly accessLog: AccessLog;
  readonly ids: IdBlocks;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: LogFields) => void;
  /** Logs why an endpoint could not be connected to. */
  readonly unconnected: FailureLog;
  /** Logs why an endpoint's response was not passed on. */
  readonly unreadable: FailureLog;
  /** True for exchanges without a client (a mirror's copies, deferred requests): they are neither counted nor logged as requests. */
  readonly hasNoClient: boolean;
  readonly steps: ExchangeSteps;
  readonly shedder: Shedder;
  readonly unattended: Unattended;
  /** Called when an exchange has ended, unless it has no client. */
  onEnded(): void;
}

/**
 * The events of an exchange. The exchange passes each event on with itself, so that the steps can be functions in files of their own and
 * the exchange needs to know none of them.
 */
export interface ExchangeSteps {
  requestBody(exchange: Exchange, bytes: Buffer, start: number, end: number): void;
  requestEnd(exchange: Exchange, trailers: Headers | null): void;
  requestFault(exchange: Exchange, fault: Fault): void;
  responseBlocked(exchange: Exchange): void;
  responseDrained(exchange: Exchange): void;
  informational(exchange: Exchange, head: ResponseHead): void;
  responseHead(exchange: Exchange, head: ResponseHead): void;
  responseBody(exchange: Exchange, bytes: Buffer, start: number, end: number): void;
  responseEnd(exchange: Exchange, trailers: Headers | null): void;
  upstreamFault(exchange: Exchange, fault: Fault): void;
  replaceResponse(exchange: Exchange, fault: Fault): void;
  requestBlocked(exchange: Exchange): void;
  requestDrained(exchange: Exchange): void;
  connection(exchange: Exchange, connection: RequestWriter): void;
  noConnection(exchange: Exchange, fault: Fault): void;
  deadlineReached(exchange: Exchange): void;
  /** The gate at which the exchange waited has admitted it, or has not within the time allowed. */
  admitted(exchange: Exchange): void;
  notAdmitted(exchange: Exchange): void;
  /** The wait before another try is over, or this try has waited for its connection as long as it may. */
  retryDue(exchange: Exchange): void;
}
