// Signatures against the vectors that AWS publishes, the Authorization field against its form, paths and queries against their rules.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Headers } from '../../http/headers.ts';
import type { RequestHead } from '../../http/request-head.ts';
import {
  awsSignature,
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
  EMPTY_SHA256,
  parseAwsAuthorization,
  signingKey,
  stringToSign,
} from './aws-v4.ts';
import { AWS_SECRET, AWS_TIME, awsVectors } from './aws-v4-vectors.fixture.ts';
import { parseAmzDate } from './aws-verifier.ts';

const scope = { date: '20150830', region: 'us-east-1', service: 'service' };

for (const { name, method, target, fields = [], body, signedHeaders = 'host;x-amz-date', signature } of awsVectors) {
  test(`published vector ${name}`, () => {
    const [rawPath = '', rawQuery = ''] = target.split(/\?(.*)/s);
    const headers = Headers.from([['Host', 'example.amazonaws.com'], ['X-Amz-Date', AWS_TIME], ...fields]);
    // Because: nothing else of the head is read.
    const request = {
      method,
      rawPath,
      rawQuery,
      headers,
      authority: 'example.amazonaws.com',
    } as unknown as RequestHead;
    const hash = body === undefined ? EMPTY_SHA256 : createHash('sha256').update(body).digest('hex');
    const canonical = canonicalRequest(request, signedHeaders.split(';'), hash, 'double');
    assert.ok(canonical !== null);
    const key = signingKey(AWS_SECRET, scope.date, scope.region, scope.service);
    assert.equal(awsSignature(key, stringToSign(AWS_TIME, scope, canonical)).toString('hex'), signature);
  });
}

test('a header is signed with all of its bytes, those too that are spaces to JavaScript', () => {
  const city = Buffer.from('Città').toString('latin1');
  const headers = Headers.from([['X-City', ` ${city}`]]);
  const request = { method: 'GET', rawPath: '/', rawQuery: '', headers, authority: 'a' };
  const canonical = canonicalRequest(request as unknown as RequestHead, ['x-city'], EMPTY_SHA256, 'double');
  assert.equal(canonical?.split('\n')[3], `x-city:${city}`);
});

test('a signed header that is not there makes no canonical request', () => {
  const request = { method: 'GET', rawPath: '/', rawQuery: '', headers: Headers.empty(), authority: 'a' };
  assert.equal(canonicalRequest(request as unknown as RequestHead, ['host', 'x-a'], EMPTY_SHA256, 'double'), null);
});

const good =
  'Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=' +
  'a'.repeat(64);

test('Authorization is read in its documented form and in no other', () => {
  assert.deepEqual(parseAwsAuthorization(good), {
    keyId: 'AKIDEXAMPLE',
    ...scope,
    signedHeaders: ['host', 'x-amz-date'],
    signature: 'a'.repeat(64),
  });
  for (const [change, to] of [
    ['host;x-amz-date', 'x-amz-date;host'],
    ['host;x-amz-date', 'host;host'],
    ['host;x-amz-date', 'host;'],
    ['host;x-amz-date', 'Host;x-amz-date'],
    ['aws4_request', 'aws4_other'],
    ['20150830', '2015083'],
    ['aaa', 'AAA'],
    ['a'.repeat(64), 'a'.repeat(63)],
    [', Signature', '; Signature'],
    ['Credential', ' Credential'],
  ] as const)
    assert.equal(parseAwsAuthorization(good.replace(change, to)), null, `${change} → ${to}`);
  assert.equal(parseAwsAuthorization(`${good},x`), null);
});

test('paths and queries', () => {
  assert.equal(canonicalPath('/a%20b', 'double'), '/a%2520b');
  assert.equal(canonicalPath('/a%20b', 'single'), '/a%20b');
  assert.equal(canonicalPath('//example//', 'double'), '/example/');
  assert.equal(canonicalPath('/../..', 'double'), '/');
  assert.equal(canonicalQuery('b=2&a=%7e&b=1&&c'), 'a=~&b=1&b=2&c=');
  assert.equal(canonicalQuery('a=1+1'), 'a=1%2B1');
});

test('times that do not exist are none', () => {
  assert.equal(parseAmzDate(AWS_TIME), Date.UTC(2015, 7, 30, 12, 36, 0));
  for (const text of [
    '20150230T000000Z',
    '20151301T000000Z',
    '20150830T250000Z',
    '20150830T123600',
    '20150830T123600Zx',
    'x20150830T123600Z',
    '2015-08-30T12:36:00Z',
  ])
    assert.equal(parseAmzDate(text), null, text);
});
