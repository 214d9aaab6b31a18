// Chooses the form of a refusal that the client can read, for a request of which only the head was read.

import { HeaderId } from './header-names.ts';
import type { RequestHead } from './request-head.ts';

export const RefusalForm = {
  /** Problem details in the body (RFC 9457). */
  problem: 0,
  /** As `problem` without the body, because the request was HEAD. */
  bodiless: 1,
  /** A gRPC status in the header fields. */
  grpc: 2,
} as const;

/** Whether this `Content-Type` is gRPC's: `application/grpc`, with or without a message format such as `+proto`. */
export function isGrpcType(contentType: string): boolean {
  return /^application\/grpc(?:[+;]|$)/.test(contentType);
}

/** One of `RefusalForm`, for a request over HTTP/2. */
export function refusalForm(method: string, contentType: string): number {
  if (method === 'HEAD') return RefusalForm.bodiless;
  return method === 'POST' && isGrpcType(contentType) ? RefusalForm.grpc : RefusalForm.problem;
}

/** As `refusalForm`, for a request whose head was accepted. */
export function refusalFormOf({ method, headers }: RequestHead): number {
  return refusalForm(method, headers.getById(HeaderId.contentType) ?? '');
}
