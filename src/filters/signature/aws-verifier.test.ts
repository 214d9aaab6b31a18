// Requests signed as AWS publishes them, and invalid variations of them: another time, another scope, fewer signed headers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../exchange/exchange.ts';
import { Headers } from '../../http/headers.ts';
import { AWS_SECRET, AWS_TIME, awsVectors } from './aws-v4-vectors.fixture.ts';
import { AwsVerifier, parseAmzDate } from './aws-verifier.ts';
import { schema } from './config.ts';
import type { Verdict } from './verdict.ts';

const vanilla = awsVectors.find(({ name }) => name === 'get-vanilla')!;
const signedAtMs = parseAmzDate(AWS_TIME)!;
const minuteMs = 60_000;

/** The verdict on the published request with this configuration and with changes to the request and its fields; null removes a field. */
function verdict(config: object = {}, nowMs = signedAtMs, fields: Record<string, string | null> = {}, request = {}) {
  const keys = [{ id: 'AKIDEXAMPLE', secret: AWS_SECRET }];
  const parsed = schema.parse({ scheme: 'aws4', region: 'us-east-1', service: 'service', keys, ...config });
  if (parsed.scheme !== 'aws4') throw new Error('the scheme was written above');
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${vanilla.signature}`;
  const all = { host: 'example.amazonaws.com', 'x-amz-date': AWS_TIME, authorization, ...fields };
  const headers = Headers.from(Object.entries(all).filter((field): field is [string, string] => field[1] !== null));
  const standard = { method: 'GET', rawPath: '/', rawQuery: '', hasBody: false, authority: 'example.amazonaws.com' };
  // Because: nothing else of the exchange is read.
  const exchange = { request: { ...standard, headers, ...request } } as unknown as Exchange;
  const claim = new AwsVerifier(parsed).read(exchange);
  return typeof claim === 'string' ? claim : claim.verify(nowMs);
}

const holds = (said: Verdict | 'missing') => typeof said === 'object';

test('the clock decides: a window both ways, of the length that is set', () => {
  for (const [config, windowMs] of [
    [{}, 5 * minuteMs],
    [{ window: '1m' }, minuteMs],
  ] as const) {
    for (const off of [-windowMs, 0, windowMs]) assert.ok(holds(verdict(config, signedAtMs + off)), String(off));
    assert.equal(verdict(config, signedAtMs + windowMs + 1), 'expired');
    assert.equal(verdict(config, signedAtMs - windowMs - 1), 'notYetValid');
  }
});

test('the scope is that of the configuration, and its day that of the time', () => {
  assert.equal(verdict({ region: 'eu-1' }), 'wrongAudience');
  assert.equal(verdict({ service: 's3' }), 'wrongAudience');
  assert.equal(verdict({ keys: [{ id: 'OTHER', secret: AWS_SECRET }] }), 'unknown');
  const nextDay = '20150831T123600Z';
  assert.equal(verdict({}, parseAmzDate(nextDay)!, { 'x-amz-date': nextDay }), 'malformed');
  assert.equal(verdict({}, signedAtMs, { 'x-amz-date': '20150830T123601Z' }), 'mismatch');
  assert.equal(verdict({}, signedAtMs, { 'x-amz-date': null }), 'malformed');
});

test('what has to be signed is, and nothing that was signed has changed', () => {
  assert.equal(verdict({ signedHeaders: ['x-tenant'] }, signedAtMs, { 'x-tenant': 'a' }), 'wrongClaims');
  assert.ok(holds(verdict({}, signedAtMs, { 'x-tenant': 'a' })), 'what nobody signed may change');
  assert.equal(verdict({}, signedAtMs, {}, { method: 'POST' }), 'mismatch');
  assert.equal(verdict({}, signedAtMs, {}, { rawPath: '/a' }), 'mismatch');
  assert.equal(verdict({}, signedAtMs, {}, { rawQuery: 'a=1' }), 'mismatch');
  assert.equal(verdict({}, signedAtMs, {}, { authority: 'example.org' }), 'mismatch');
});

test('a body that nobody signed is refused, unless it may be', () => {
  assert.equal(verdict({}, signedAtMs, {}, { hasBody: true }), 'unsignedBody');
  const unsigned = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  assert.equal(verdict({}, signedAtMs, unsigned), 'unsignedBody');
  assert.equal(verdict({ unsignedPayload: true }, signedAtMs, unsigned), 'mismatch', 'the vector says another');
  for (const said of ['A'.repeat(64), 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'])
    assert.equal(verdict({}, signedAtMs, { 'x-amz-content-sha256': said }), 'unsignedBody');
});
