// The response: its head on the way to the client, and replies that the gateway makes. Sending is in respond.ts and reply.ts.

import type { Headers } from '../http/headers.ts';

/** The response's head on its way to the client. Filters may change `status` and `headers`. */
export class ExchangeResponse {
  status: number;
  readonly headers: Headers;
  /** Announced length in bytes; -1 when it is not known in advance. A filter that changes the body sets it to -1 and removes the header. */
  contentLength: number;
  /** False for HEAD, 204, 304 and an empty body. */
  readonly hasBody: boolean;
  /** One bit per slot: set for the filters that asked for `onResponseBody`. */
  bodyFilters: number;
  /** Status of a received HTTP/1.1 status line, which may be sent on as it is; 0 when there is none. */
  private readonly receivedStatus: number;

  constructor(status: number, headers: Headers, contentLength: number, hasBody: boolean, receivedStatus = 0) {
    this.status = status;
    this.headers = headers;
    this.contentLength = contentLength;
    this.hasBody = hasBody;
    this.bodyFilters = 0;
    this.receivedStatus = receivedStatus;
  }

  /** Whether the received status line is still the one to send. */
  get asReceived(): boolean {
    return this.status === this.receivedStatus;
  }

  /** Asks for `onResponseBody` calls of the filter in this slot. Call in `onResponse`. */
  filterBody(slot: number): void {
    this.bodyFilters |= 1 << slot;
  }
}

/** A response made by the gateway. A string body is sent as UTF-8. */
export interface Reply {
  readonly status: number;
  readonly headers?: Iterable<readonly [string, string]>;
  readonly body?: string | Buffer;
}
