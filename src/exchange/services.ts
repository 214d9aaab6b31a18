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
import type { Unattended } from './deferred/unattended.ts';
import type { Exchange } from './exchange.ts';
import type { Shedder } from './shedder.ts';

/** What an exchange needs of its worker. */
export interface ExchangeServices extends PoolContext {
  readonly workerMetricsOffset: number;
  /** Null where requests are not counted by consumer. */
  readonly consumers: ConsumerCounter | null;
  readonly accessLog: AccessLog;
  readonly ids: IdBlocks;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: LogFields) => void;
  /** Why an endpoint could not be connected to. */
  readonly unconnected: FailureLog;
  /** Why an endpoint's answer was not passed on. */
  readonly unreadable: FailureLog;
  /** Of copies of exchanges: they count and are logged as nobody's requests. */
  readonly isCopy: boolean;
  readonly steps: ExchangeSteps;
  readonly shedder: Shedder;
  readonly unattended: Unattended;
  /** One exchange has ended. */
  onEnded(): void;
}

/**
 * What happens to an exchange from outside. The exchange passes each event on with itself, so that the steps can be
 * functions in files of their own and the exchange needs to know none of them.
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
  requestBlocked(exchange: Exchange): void;
  requestDrained(exchange: Exchange): void;
  connection(exchange: Exchange, connection: RequestWriter): void;
  noConnection(exchange: Exchange, fault: Fault): void;
  deadlineReached(exchange: Exchange): void;
  /** The gate at which it waited has let it in, or has not within its time. */
  admitted(exchange: Exchange): void;
  notAdmitted(exchange: Exchange): void;
  /** The wait before another try is over, or the time for this one's connection. */
  retryDue(exchange: Exchange): void;
}
