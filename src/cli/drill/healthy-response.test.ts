// What a stand-in responds to the health check of an upstream, by what the check expects.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HealthCheckConfig } from '../../config/resilience-config.ts';
import { checkOfStandIns, healthyResponseFor } from './healthy-response.ts';

const check: HealthCheckConfig = {
  kind: 'http',
  path: '/healthz',
  host: null,
  port: null,
  expect: [{ from: 200, to: 299 }],
  body: null,
  service: '',
  intervalMs: 1_000,
  timeoutMs: 500,
  unhealthyAfter: 3,
  healthyAfter: 2,
};

test('an expected status: 200 if possible, otherwise the lowest one of a final response', () => {
  const statusFor = (...expect: HealthCheckConfig['expect']) => healthyResponseFor({ ...check, expect }).status;
  assert.equal(statusFor({ from: 200, to: 299 }), 200);
  assert.equal(statusFor({ from: 204, to: 204 }, { from: 200, to: 200 }), 200);
  assert.equal(statusFor({ from: 204, to: 204 }), 204);
  assert.equal(statusFor({ from: 100, to: 404 }), 200);
  assert.equal(statusFor({ from: 500, to: 599 }, { from: 401, to: 401 }), 401);
});

test('with an expected body, a status that has one', () => {
  const expect = [{ from: 204, to: 206 }];
  assert.deepEqual(healthyResponseFor({ ...check, expect, body: 'ready' }), {
    path: '/healthz',
    status: 206,
    body: 'ready',
  });
});

test('without a check by HTTP, no path is that of a health check', () => {
  assert.equal(healthyResponseFor(undefined).path, null);
  assert.equal(healthyResponseFor({ ...check, kind: 'tcp' }).path, null);
});

test('a gRPC service is checked over HTTP', () => {
  const grpc: HealthCheckConfig = { ...check, kind: 'grpc', path: '/', service: 'shop.v1.Orders' };
  assert.equal(checkOfStandIns(grpc).kind, 'http');
  assert.deepEqual(healthyResponseFor(grpc), { path: '/', status: 200, body: 'ok' });
});
