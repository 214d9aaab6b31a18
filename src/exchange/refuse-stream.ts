// Answers a stream that gets no exchange: its message is a request, and one that is not served.

import type { Fault } from '../base/fault.ts';
import { httpDate } from '../http/date.ts';
import { Headers } from '../http/headers.ts';
import { ResponseFraming, type ResponseWriter } from '../net/exchange-ends.ts';
import { problemBody, proxyStatus } from './problem.ts';

/** Sends problem details through `stream` and ends it. */
export function refuseStream(stream: ResponseWriter, fault: Fault, requestId: string, toHead: boolean): void {
  const body = Buffer.from(problemBody(fault, requestId));
  const headers = Headers.from([
    ['content-type', 'application/problem+json'],
    ['proxy-status', proxyStatus(fault)],
    ['cache-control', 'no-store'],
    ['date', httpDate()],
    ['content-length', String(body.length)],
  ]);
  stream.startResponse(fault.kind.status, headers, toHead ? ResponseFraming.none : ResponseFraming.length, false);
  if (!toHead) stream.sendBody(body, 0, body.length);
  stream.endResponse(null);
}
