// One request and its response on their way through. The only object that a filter sees. Holds state; the steps are beside it.

import type { Fault } from '../base/fault.ts';
import type { Headers } from '../http/headers.ts';
import type { Client } from '../net/client.ts';

/** The request as it will go upstream. Filters may change `method`, `path`, `query` and `headers`. */
export interface ExchangeRequest {
  method: string;
  /** Normalised path; routing, filters and the upstream see this one. Starts with `/`. */
  path: string;
  /** Without the question mark, as received; empty when there is none. */
  query: string;
  readonly version: '1.0' | '1.1' | '2';
  /** Lower case, without the port. */
  readonly host: string;
  /** As received, with the port: what goes upstream as Host unless the route rewrites it. */
  authority: string;
  readonly headers: Headers;
  /** Announced length in bytes; -1 when it is chunked or unknown; 0 without a body. */
  readonly contentLength: number;
  readonly hasBody: boolean;
}

/** The answer's head on its way to the client. Filters may change `status` and `headers`. */
export interface ExchangeResponse {
  status: number;
  readonly headers: Headers;
  /** Announced length; -1 when chunked or until close. A filter that changes the length sets it to -1 and removes the header. */
  contentLength: number;
  /** False for HEAD, 204, 304 and an empty body. */
  readonly hasBody: boolean;
  /** Asks for `onResponseBody` calls of the filter in this slot. Call in `onResponse`. */
  filterBody(slot: number): void;
}

/** An answer made by the gateway. A string body is sent as UTF-8. */
export interface Reply {
  readonly status: number;
  readonly headers?: Iterable<readonly [string, string]>;
  readonly body?: string | Buffer;
}

/** What filters see of an exchange. */
export interface Exchange {
  /** Made on first use: 32 hex digits, or what the client or a filter gave. */
  requestId: string;
  readonly client: Client;
  readonly request: ExchangeRequest;
  /** Null until the answer's head is there. */
  readonly response: ExchangeResponse | null;
  /** Empty until a route was found. */
  readonly routeName: string;
  /** Parameters of the route's path, decoded; undefined for an unknown name. */
  param(name: string): string | undefined;
  /** Value of a cookie of the request, undefined when there is none. */
  cookie(name: string): string | undefined;
  /** Name of the consumer that an identity filter found; null before. */
  consumer: string | null;
  /** One cell a filter; see `FilterServices.slot`. */
  readonly state: unknown[];
  /** What went wrong, if anything did. */
  readonly fault: Fault | null;
  /** True once the exchange is over: whoever resumes late does nothing. */
  readonly ended: boolean;
  /** Answers early. Only in `onRequest` and `onRequestBody`, once; later calls do nothing. */
  reply(reply: Reply): void;
  /** Answers early with a refusal as problem+json. `detail` is shown to the client. */
  refuse(fault: Fault, headers?: Iterable<readonly [string, string]>): void;
}
