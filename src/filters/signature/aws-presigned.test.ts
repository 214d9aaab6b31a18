// Links signed in their query, against those that AWS publishes (the `query` half of its test suite, and the example for S3), and invalid
// variations of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../exchange/exchange.ts';
import { Headers } from '../../http/headers.ts';
import { AWS_SECRET, AWS_TIME } from './aws-v4-vectors.fixture.ts';
import { AwsVerifier, parseAmzDate } from './aws-verifier.ts';
import { schema } from './config.ts';
import type { Verdict } from './verdict.ts';

const signedAtMs = parseAmzDate(AWS_TIME)!;
const hourMs = 3_600_000;
const plain = 'e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d';

const parametersOf = (signature: string, names = 'host') =>
  `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request&X-Amz-Date=${AWS_TIME}&X-Amz-SignedHeaders=${names}&X-Amz-Expires=3600&X-Amz-Signature=${signature}`;

interface Asked {
  readonly query: string;
  readonly path?: string;
  readonly method?: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly hasBody?: boolean;
  readonly authority?: string;
}

function verdict(asked: Asked, config: object = {}, nowMs = signedAtMs + 1_000) {
  const keys = [{ id: 'AKIDEXAMPLE', secret: AWS_SECRET }];
  const standard = { scheme: 'aws4', region: 'us-east-1', service: 'service', keys, presigned: '1h' };
  const parsed = schema.parse({ ...standard, ...config });
  if (parsed.scheme !== 'aws4') throw new Error('the scheme was written above');
  const { authority = 'example.amazonaws.com', method = 'GET', path: rawPath = '/', fields = {} } = asked;
  const headers = Headers.from(Object.entries({ host: authority, ...fields }));
  const request = { method, rawPath, rawQuery: asked.query, headers, authority, hasBody: asked.hasBody ?? false };
  // Because: nothing else of the exchange is read.
  const claim = new AwsVerifier(parsed).read({ request } as unknown as Exchange);
  return typeof claim === 'string' ? claim : claim.verify(nowMs);
}

const holds = (said: Verdict | 'missing') => typeof said === 'object';
const link: Asked = { query: parametersOf(plain) };

const published: [name: string, asked: Asked][] = [
  ['get-vanilla-query', link],
  [
    'get-vanilla-query-order-key-case',
    {
      query: `Param2=value2&Param1=value1&${parametersOf('86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5')}`,
    },
  ],
  [
    'get-vanilla-query-order-encoded',
    {
      query: `Param-3=Value3&Param=Value2&%E1%88%B4=Value1&${parametersOf('c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787')}`,
    },
  ],
  [
    'get-utf8',
    {
      path: '/\xe1\x88\xb4',
      query: parametersOf('10eae3f14a260bd3911cc6d008d3c576d143b05b62f09782a7a4b37f52178e44'),
    },
  ],
  [
    'get-header-value-trim',
    {
      fields: { 'my-header1': ' value1', 'my-header2': ' "a   b   c"' },
      query: parametersOf(
        'e7bb0fd515e125e1aec2ecc4c0c17484fb06f6846b927c35e46005dd3df3acd4',
        'host%3Bmy-header1%3Bmy-header2',
      ),
    },
  ],
];

for (const [name, asked] of published) test(`published link ${name}`, () => assert.ok(holds(verdict(asked))));

test('the published link of S3, where any body is signed', () => {
  const asked = {
    authority: 'examplebucket.s3.amazonaws.com',
    path: '/test.txt',
    query:
      'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  };
  const keys = [{ id: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }];
  const s3 = { keys, service: 's3', pathEncoding: 'single', presigned: '24h' };
  const at = parseAmzDate('20130524T000000Z')! + 23 * hourMs;
  assert.ok(holds(verdict(asked, s3, at)));
  assert.equal(verdict({ ...asked, hasBody: true }, s3, at), 'unsignedBody');
  assert.ok(holds(verdict({ ...asked, hasBody: true }, { ...s3, unsignedPayload: true }, at)));
  assert.equal(verdict(asked, s3, at + hourMs), 'expired');
});

test('a link holds from its time to its end, which is not later than the configuration allows', () => {
  assert.ok(holds(verdict(link, {}, signedAtMs + hourMs - 1)));
  assert.equal(verdict(link, {}, signedAtMs + hourMs), 'expired');
  assert.ok(holds(verdict(link, {}, signedAtMs - 300_000)), 'clocks differ');
  assert.equal(verdict(link, {}, signedAtMs - 300_001), 'notYetValid');
  assert.equal(verdict(link, { presigned: '59m' }), 'wrongClaims');
  assert.equal(verdict({ query: link.query.replace('Expires=3600', 'Expires=7200') }, { presigned: '2h' }), 'mismatch');
});

test('links are accepted only where they are asked for, and not beside a signature in the head', () => {
  assert.equal(verdict(link, { presigned: 'off' }), 'missing');
  assert.equal(verdict({ query: 'a=b' }), 'missing');
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host, Signature=${plain}`;
  assert.equal(verdict({ ...link, fields: { authorization } }), 'malformed');
  assert.ok(holds(verdict({ ...link, fields: { authorization: 'Bearer token-for-the-upstream' } })));
});

test('whatever is signed must be as it was, and what must be signed is', () => {
  for (const [changed, said] of [
    [{ method: 'PUT' }, 'mismatch'],
    [{ path: '/other' }, 'mismatch'],
    [{ authority: 'example.com' }, 'mismatch'],
    [{ query: `${link.query}&a=b` }, 'mismatch'],
    [{ query: link.query.replace(plain, 'a'.repeat(64)) }, 'mismatch'],
    [{ query: link.query.replace('us-east-1', 'us-east-2') }, 'wrongAudience'],
    [{ query: link.query.replace('AKIDEXAMPLE', 'AKIDOTHER') }, 'unknown'],
    [{ query: link.query.replace('=host', '=x-a') }, 'wrongClaims'],
    [{ fields: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }, 'unsignedBody'],
    [{ hasBody: true }, 'unsignedBody'],
  ] as const)
    assert.equal(verdict({ ...link, ...changed }), said, JSON.stringify(changed));
  assert.equal(verdict(link, { signedHeaders: ['x-tenant'] }), 'wrongClaims');
});

test('a link in another form is none', () => {
  for (const [part, by] of [
    ['AWS4-HMAC-SHA256', 'AWS4-HMAC-SHA1'],
    ['Expires=3600', 'Expires=0'],
    ['Expires=3600', 'Expires=3600.5'],
    ['Expires=3600', 'Expires=-1'],
    ['X-Amz-Expires=3600&', ''],
    ['aws4_request', 'aws4_other'],
    ['=host', '=host%3Bhost'],
    [AWS_TIME, '20150830'],
    [AWS_TIME, '20150831T123600Z'],
    [plain, 'a'.repeat(63)],
    [plain, `${plain}&X-Amz-Signature=${plain}`],
    ['X-Amz-Expires=3600', 'X-Amz-Expires=3600&X-Amz-Expires=3600'],
    ['X-Amz-Date', 'X-Amz-Credential=a&X-Amz-Date'],
  ] as const)
    assert.equal(verdict({ query: link.query.replace(part, by) }), 'malformed', `${part} → ${by}`);
});
