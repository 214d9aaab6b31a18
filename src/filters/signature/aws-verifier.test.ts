// Requests signed as AWS publishes them, and invalid variations of them: another time, another scope, fewer signed headers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../exchange/exchange.ts';
import { Headers } from '../../http/headers.ts';
import type { RequestHead } from '../../http/request-head.ts';
import { awsSignature, canonicalRequest, EMPTY_SHA256, signingKey, stringToSign } from './aws-v4.ts';
import { AWS_SECRET, AWS_TIME, awsVectors } from './aws-v4-vectors.fixture.ts';
import { AwsVerifier, parseAmzDate } from './aws-verifier.ts';
import { schema } from './config.ts';
import type { Verdict } from './verdict.ts';

const vanilla = awsVectors.find(({ name }) => name === 'get-vanilla')!;
const signedAtMs = parseAmzDate(AWS_TIME)!;
const minuteMs = 60_000;

function verifierOf(config: object): AwsVerifier {
  const keys = [{ id: 'AKIDEXAMPLE', secret: AWS_SECRET }];
  const parsed = schema.parse({ scheme: 'aws4', region: 'us-east-1', service: 'service', keys, ...config });
  if (parsed.scheme !== 'aws4') throw new Error('the scheme was written above');
  return new AwsVerifier(parsed);
}

/** The published request with changes to it and its fields; null removes a field. */
function exchangeOf(fields: Record<string, string | null>, request: object): Exchange {
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${vanilla.signature}`;
  const all = { host: 'example.amazonaws.com', 'x-amz-date': AWS_TIME, authorization, ...fields };
  const headers = Headers.from(Object.entries(all).filter((field): field is [string, string] => field[1] !== null));
  const standard = { method: 'GET', rawPath: '/', rawQuery: '', hasBody: false, authority: 'example.amazonaws.com' };
  // Because: nothing else of the exchange is read.
  return { request: { ...standard, headers, ...request } } as unknown as Exchange;
}

/** The verdict on the published request with this configuration and with changes as in `exchangeOf`. */
function verdict(config: object = {}, nowMs = signedAtMs, fields: Record<string, string | null> = {}, request = {}) {
  const claim = verifierOf(config).read(exchangeOf(fields, request));
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

/** Fields of a request that is signed here, at this time, over these fields beside Host. */
function ownFields(time: string, fields: Record<string, string>, payload: string): Record<string, string> {
  const names = ['host', ...Object.keys(fields), 'x-amz-date'].sort();
  const headers = Headers.from([...Object.entries(fields), ['x-amz-date', time]]);
  const head = { method: 'GET', rawPath: '/', rawQuery: '', headers, authority: 'example.amazonaws.com' };
  const scope = { date: time.slice(0, 8), region: 'us-east-1', service: 'service' };
  // Because: nothing else of the head is read.
  const canonical = canonicalRequest(head as unknown as RequestHead, names, payload, 'double')!;
  const key = signingKey(AWS_SECRET, scope.date, scope.region, scope.service);
  const signature = awsSignature(key, stringToSign(time, scope, canonical)).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope.date}/us-east-1/service/aws4_request, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...fields, 'x-amz-date': time, authorization };
}

test('each day has its own key, in whichever order the days come', () => {
  const verifier = verifierOf({ window: '1h' });
  for (const time of ['20150830T233000Z', '20150831T003000Z', '20150830T234500Z', '20150831T004500Z']) {
    const fields = ownFields(time, {}, EMPTY_SHA256);
    const claim = verifier.read(exchangeOf(fields, {}));
    assert.ok(typeof claim === 'object');
    assert.ok(holds(claim.verify(parseAmzDate(time)!)), time);
  }
});

test('what a body must have is the hash that was signed; how long it is remembered is its window', () => {
  const digest = 'ab'.repeat(32);
  const said = ownFields(AWS_TIME, { 'x-amz-content-sha256': digest }, digest);
  const signed = verdict({}, signedAtMs, said, { hasBody: true });
  assert.ok(typeof signed === 'object');
  assert.deepEqual(signed.body, [{ hash: 'sha256', value: Buffer.from(digest, 'hex') }]);
  assert.equal(signed.expiresS, signedAtMs / 1_000 + 300);
  const free = ownFields(AWS_TIME, { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, 'UNSIGNED-PAYLOAD');
  const unsigned = verdict({ unsignedPayload: true }, signedAtMs, free, { hasBody: true });
  assert.ok(typeof unsigned === 'object');
  assert.equal(unsigned.body, null);
  assert.equal(verdict({}, signedAtMs, free), 'unsignedBody');
});

test('a signature over a header that is not there is malformed', () => {
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date;x-missing, Signature=${vanilla.signature}`;
  assert.equal(verdict({}, signedAtMs, { authorization }), 'malformed');
});

test('two times or two hashes are none: nobody says which of them counts', () => {
  const twice = (name: string, value: string) => {
    const exchange = exchangeOf({}, {});
    for (const each of [value, value]) exchange.request.headers.append(name, each);
    const claim = verifierOf({}).read(exchange);
    return typeof claim === 'string' ? claim : claim.verify(signedAtMs);
  };
  assert.equal(twice('x-amz-content-sha256', EMPTY_SHA256), 'unsignedBody');
  assert.equal(twice('x-amz-date', AWS_TIME), 'malformed');
});

test('another scheme is no signature, and a broken one is malformed', () => {
  for (const authorization of [null, 'Bearer x', 'AWS4-HMAC-SHA512 Credential=x'])
    assert.equal(verdict({}, signedAtMs, { authorization }), 'missing');
  for (const authorization of ['AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA256 Credential=x'])
    assert.equal(verdict({}, signedAtMs, { authorization }), 'malformed');
});

test('a body that nobody signed is refused, unless it may be', () => {
  assert.equal(verdict({}, signedAtMs, {}, { hasBody: true }), 'unsignedBody');
  const unsigned = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  assert.equal(verdict({}, signedAtMs, unsigned), 'unsignedBody');
  assert.equal(verdict({ unsignedPayload: true }, signedAtMs, unsigned), 'mismatch', 'the vector says another');
  for (const said of ['A'.repeat(64), 'a'.repeat(65), `x${'a'.repeat(64)}`, 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'])
    assert.equal(verdict({}, signedAtMs, { 'x-amz-content-sha256': said }), 'unsignedBody');
});
