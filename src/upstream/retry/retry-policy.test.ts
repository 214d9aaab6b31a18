// What is retried: the causes and statuses that are listed, for requests that may be sent twice.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault, type FaultCode, faultKinds } from '../../base/fault.ts';
import { causeOf, RetryPolicy, type RetrySpec } from './retry-policy.ts';

const spec: RetrySpec = {
  attempts: 2,
  on: ['connect', 503, 502],
  backoffMs: 25,
  maxBackoffMs: 250,
  budget: 0.2,
  perTryTimeoutMs: 0,
  methods: null,
  bodyBytesMax: 0,
};
const policy = (changes: Partial<RetrySpec> = {}) => new RetryPolicy({ ...spec, ...changes });

test('statuses are retried that are listed, and no others', () => {
  const statuses = (which: RetryPolicy) =>
    Array.from({ length: 500 }, (_, n) => n + 100).filter(status => which.retriesStatus(status));
  assert.deepEqual(statuses(policy()), [502, 503]);
  assert.deepEqual(statuses(policy({ on: [429, 503] })), [429, 503]);
  assert.deepEqual(statuses(policy({ on: ['connect', 'reset', 'timeout'] })), []);
  assert.deepEqual(statuses(policy({ attempts: 0 })), []);
});

test('each fault of an attempt is one cause at most; a fault of the client or the gateway is none', () => {
  const causes = new Map<string, FaultCode[]>();
  // Because: the names of the kinds are the codes.
  for (const code of Object.keys(faultKinds) as FaultCode[]) {
    const cause = causeOf(new Fault(code));
    if (cause !== null) causes.set(cause, [...(causes.get(cause) ?? []), code]);
  }
  assert.deepEqual(causes.get('connect')?.sort(), [
    ...['upstream_connect_failed', 'upstream_connect_timeout', 'upstream_tls_failed'],
  ]);
  assert.deepEqual(causes.get('reset')?.sort(), [
    ...['upstream_malformed_response', 'upstream_reset', 'upstream_stream_refused'],
  ]);
  assert.deepEqual(causes.get('timeout')?.sort(), ['upstream_idle_timeout', 'upstream_response_timeout']);
  assert.equal(causes.size, 3);
});

test('a fault is retried when its cause is listed', () => {
  const [connect, reset, timeout] = (
    ['upstream_connect_failed', 'upstream_reset', 'upstream_response_timeout'] as const
  ).map(code => new Fault(code));
  const retried = (which: RetryPolicy) => [connect!, reset!, timeout!].map(fault => which.retriesFault(fault));
  assert.deepEqual(retried(policy()), [true, false, false]);
  assert.deepEqual(retried(policy({ on: ['reset', 'timeout'] })), [false, true, true]);
  assert.deepEqual(retried(policy({ attempts: 0 })), [false, false, false]);
  assert.equal(policy({ on: ['connect', 'reset', 'timeout'] }).retriesFault(new Fault('rate_limited')), false);
});

test('a request is sent twice when its method is harmless, is listed, or its caller gave it a key', () => {
  const repeated = (which: RetryPolicy) =>
    ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'POST', 'PATCH', 'get'].filter(method => which.repeats(method, false));
  assert.deepEqual(repeated(policy()), ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);
  assert.deepEqual(repeated(policy({ methods: ['POST', 'GET'] })), ['GET', 'POST']);
  assert.deepEqual(repeated(policy({ methods: [] })), []);
  assert.equal(policy({ methods: [] }).repeats('POST', true), true);
});
