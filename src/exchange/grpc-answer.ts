// The gateway's own refusals to gRPC callers: a status among the fields instead of problem+json (gRPC over HTTP/2, "Trailers-Only").

import type { Fault } from '../base/fault.ts';
import { grpcStatusOf } from '../base/grpc-status.ts';
import { HeaderId } from '../http/header-names.ts';
import { isGrpcType } from '../http/refusal-form.ts';
import type { RequestHead } from '../http/request-head.ts';

/** Whether the caller uses gRPC, which needs HTTP/2. */
export function isGrpc(request: RequestHead): boolean {
  return request.version === '2' && carriesGrpc(request);
}

/** Whether the messages are gRPC's: a POST with `application/grpc`, with or without a format. Also for a browser's translated call. */
export function carriesGrpc({ headers, method }: RequestHead): boolean {
  if (method !== 'POST') return false;
  const type = headers.getById(HeaderId.contentType);
  return type !== undefined && isGrpcType(type);
}

const timeoutForm = /^([0-9]{1,8})([HMSmun])$/;
const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/** Milliseconds of the call's `grpc-timeout`; Infinity if it is absent or cannot be read. */
export function grpcTimeoutMs({ headers }: RequestHead): number {
  const match = timeoutForm.exec(headers.get('grpc-timeout') ?? '');
  return match === null ? Infinity : Number(match[1]) * unitMs[match[2]!]!;
}

/** Fields of the response to a gRPC call that failed with this fault. */
export function grpcFields(fault: Fault): [string, string][] {
  return [
    ['Content-Type', 'application/grpc'],
    ['grpc-status', String(grpcStatusOf(fault.code, fault.kind.status))],
    ['grpc-message', percentEncoded(fault.detail === '' ? fault.kind.title : fault.detail)],
  ];
}

/** Percent-encodes the UTF-8 bytes of everything but printable ASCII, and the percent sign. */
function percentEncoded(text: string): string {
  return Array.from(Buffer.from(text), byte =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}
