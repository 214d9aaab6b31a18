// A caller of gRPC is refused in the form that its library reads; HEAD never gets a body.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGrpcType, RefusalForm, refusalForm } from './refusal-form.ts';

test('gRPC with any message format is gRPC; gRPC-Web and what only begins alike is not', () => {
  for (const type of ['application/grpc', 'application/grpc+proto', 'application/grpc;charset=utf-8'])
    assert.equal(isGrpcType(type), true, type);
  for (const type of ['', 'application/grpc-web', 'application/grpcx', 'x-application/grpc', 'application/json'])
    assert.equal(isGrpcType(type), false, type);
});

test('the form goes by the method first', () => {
  assert.equal(refusalForm('POST', 'application/grpc'), RefusalForm.grpc);
  assert.equal(refusalForm('POST', 'application/json'), RefusalForm.problem);
  assert.equal(refusalForm('GET', 'application/grpc'), RefusalForm.problem);
  assert.equal(refusalForm('HEAD', 'application/grpc'), RefusalForm.bodiless);
});
