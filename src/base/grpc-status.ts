// The gRPC status of each of the gateway's faults. A table; a test checks that it covers every fault code.

import type { FaultCode } from './fault.ts';

export const GrpcStatus = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** Faults whose gRPC status differs from the one that their HTTP status maps to. */
const byCode: Partial<Record<FaultCode, number>> = {
  client_aborted: GrpcStatus.cancelled,
  exchange_timeout: GrpcStatus.deadlineExceeded,
  upstream_response_timeout: GrpcStatus.deadlineExceeded,
  upstream_idle_timeout: GrpcStatus.deadlineExceeded,
  upstream_connect_timeout: GrpcStatus.unavailable,
  upstream_malformed_response: GrpcStatus.internal,
  upstream_response_too_large: GrpcStatus.internal,
  route_not_found: GrpcStatus.unimplemented,
};

/**
 * gRPC status by HTTP status, for faults without an entry of their own. Follows the mapping in gRPC's documentation as far as that goes.
 */
const byStatus: Readonly<Record<number, number>> = {
  400: GrpcStatus.invalidArgument,
  401: GrpcStatus.unauthenticated,
  403: GrpcStatus.permissionDenied,
  404: GrpcStatus.unimplemented,
  405: GrpcStatus.unimplemented,
  408: GrpcStatus.deadlineExceeded,
  409: GrpcStatus.invalidArgument,
  413: GrpcStatus.resourceExhausted,
  414: GrpcStatus.invalidArgument,
  417: GrpcStatus.invalidArgument,
  422: GrpcStatus.invalidArgument,
  429: GrpcStatus.resourceExhausted,
  431: GrpcStatus.resourceExhausted,
  499: GrpcStatus.cancelled,
  500: GrpcStatus.internal,
  501: GrpcStatus.unimplemented,
  502: GrpcStatus.unavailable,
  503: GrpcStatus.unavailable,
  504: GrpcStatus.deadlineExceeded,
  505: GrpcStatus.unimplemented,
};

/** The gRPC status of a fault. `httpStatus` is the HTTP status of that fault; `unknown` when neither table has an entry. */
export function grpcStatusOf(code: FaultCode, httpStatus = 0): number {
  return byCode[code] ?? byStatus[httpStatus] ?? GrpcStatus.unknown;
}
