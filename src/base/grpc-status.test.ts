// Every fault has a gRPC status, and those that callers act on have the right one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FaultCode, faultKinds } from './fault.ts';
import { GrpcStatus, grpcStatusOf } from './grpc-status.ts';

test('no fault is unknown', () => {
  for (const [code, { status }] of Object.entries(faultKinds)) {
    // Because: Object.entries loses the key type.
    assert.notEqual(grpcStatusOf(code as FaultCode, status), GrpcStatus.unknown, code);
  }
});

const expected: readonly (readonly [FaultCode, keyof typeof GrpcStatus])[] = [
  ['credentials_missing', 'unauthenticated'],
  ['access_denied', 'permissionDenied'],
  ['rate_limited', 'resourceExhausted'],
  ['exchange_timeout', 'deadlineExceeded'],
  ['upstream_response_timeout', 'deadlineExceeded'],
  ['upstream_unavailable', 'unavailable'],
  ['upstream_connect_failed', 'unavailable'],
  ['upstream_reset', 'unavailable'],
  ['route_not_found', 'unimplemented'],
  ['filter_failed', 'internal'],
  ['client_aborted', 'cancelled'],
];
for (const [code, name] of expected) {
  test(`${code} is ${name}`, () => assert.equal(grpcStatusOf(code, faultKinds[code].status), GrpcStatus[name]));
}
