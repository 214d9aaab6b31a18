// Answers a stream without an exchange: its message is a request, but one that is not served.

import type { Fault } from '../base/fault.ts';
import { httpDate } from '../http/date.ts';
import { Headers } from '../http/headers.ts';
import { RefusalForm } from '../http/refusal-form.ts';
import { ResponseFraming, type ResponseWriter } from '../net/exchange-ends.ts';
import { grpcFields } from './grpc-answer.ts';
import { problemBody, proxyStatus } from './problem.ts';

/** Answers in the `RefusalForm` `form` through `stream`, and ends the stream. */
export function refuseStream(stream: ResponseWriter, fault: Fault, requestId: string, form: number): void {
  if (form === RefusalForm.grpc) {
    const headers = Headers.from([...grpcFields(fault), ['proxy-status', proxyStatus(fault)], ['date', httpDate()]]);
    stream.startResponse(200, headers, ResponseFraming.none, false);
    stream.endResponse(null);
    return;
  }
  const toHead = form === RefusalForm.bodiless;
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
