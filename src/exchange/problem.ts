// How a fault looks to a client: problem details (RFC 9457) and Proxy-Status (RFC 9209). Never shows an internal address or a secret.

import type { Fault } from '../base/fault.ts';
import { httpDate } from '../http/date.ts';
import { statusLine } from '../http/status.ts';

/** Where the codes are explained; the fragment is the code. */
const TYPE_BASE = 'https://cardea.dev/errors#';

export function problemBody(fault: Fault, requestId: string): string {
  const { code, kind, detail } = fault;
  return `${JSON.stringify({
    type: TYPE_BASE + code,
    title: kind.title,
    status: kind.status,
    detail: detail === '' ? kind.meaning : detail,
    code,
    requestId,
  })}\n`;
}

/** Value of Proxy-Status: says that this gateway responded, and why. */
export function proxyStatus(fault: Fault): string {
  const { proxyStatus: error } = fault.kind;
  return error === '' ? `cardea; details="${fault.code}"` : `cardea; error=${error}; details="${fault.code}"`;
}

/** A complete response (latin1) to a message that could not be read as a request, so that there is no exchange. Closes the connection. */
export function problemMessage(fault: Fault, requestId: string): string {
  const body = problemBody(fault, requestId);
  return (
    statusLine(fault.kind.status) +
    `Content-Type: application/problem+json\r\nProxy-Status: ${proxyStatus(fault)}\r\nCache-Control: no-store\r\n` +
    `Date: ${httpDate()}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${Buffer.from(body).toString('latin1')}`
  );
}
