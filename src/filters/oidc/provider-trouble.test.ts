// What the operator learns of a provider in trouble, from the library's own errors and a server that causes them; and of a store.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { allowInsecureRequests, ClientSecretBasic, Configuration, refreshTokenGrant } from 'openid-client';
import { StoreAway } from '../../store/store-away.ts';
import { isUnreachable, reasonOf } from './provider-trouble.ts';

const said = (error: string, more: object = {}) => JSON.stringify({ error, error_description: 's3cret', ...more });

const cases: [
  what: string,
  status: number,
  headers: Record<string, string>,
  body: string,
  reason: string,
  isAway: boolean,
][] = [
  ['the token is no longer good', 400, {}, said('invalid_grant'), 'OAUTH_RESPONSE_BODY_ERROR (invalid_grant)', false],
  ['the client is unknown', 401, {}, said('invalid_client'), 'OAUTH_RESPONSE_BODY_ERROR (invalid_client)', true],
  [
    'with a challenge',
    401,
    { 'www-authenticate': 'Basic realm="s3cret"' },
    said('invalid_client'),
    'OAUTH_WWW_AUTHENTICATE_CHALLENGE (401)',
    true,
  ],
  ['an error that is no code', 400, {}, said('s3cret: x'), 'OAUTH_RESPONSE_BODY_ERROR (400)', false],
  ['a gateway in between', 502, {}, 's3cret', 'OAUTH_RESPONSE_IS_NOT_CONFORM (502)', true],
];

test('the provider’s own word, else its status, and nothing of what it wrote', async t => {
  for (const [what, status, headers, body, reason, isAway] of cases) {
    const server = createServer((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    // Because: a TCP server that listens has a port.
    const error = await refused((server.address() as AddressInfo).port);
    assert.deepEqual([reasonOf(error), isUnreachable(error)], [reason, isAway], what);
    server.closeAllConnections();
  }
});

test('nobody there: what the system says', async () => {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // Because: a TCP server that listens has a port
  await new Promise(resolve => server.close(resolve));
  const error = await refused(port);
  assert.deepEqual([reasonOf(error), isUnreachable(error)], ['TypeError (ECONNREFUSED)', true]);
  assert.equal(reasonOf('s3cret'), 'unknown');
});

test('of a store it says why it is away, or by what code it refuses, and of the library’s errors no text', () => {
  assert.equal(reasonOf(new StoreAway('sessions', 'WRONGPASS')), 'the store "sessions" is away: WRONGPASS');
  const refusal = Object.assign(new Error('OOM command not allowed'), { name: 'ReplyError' });
  assert.equal(reasonOf(refusal), 'the store refuses: OOM');
  assert.equal(reasonOf(Object.assign(new Error('secret'), { code: 'OAUTH_TIMEOUT' })), 'OAUTH_TIMEOUT');
  assert.equal(reasonOf(new TypeError('secret')), 'TypeError');
});

async function refused(port: number): Promise<unknown> {
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Configuration(
    { issuer, token_endpoint: `${issuer}/token` },
    'c',
    undefined,
    ClientSecretBasic('x'),
  );
  allowInsecureRequests(provider);
  return refreshTokenGrant(provider, 'r').then(
    () => assert.fail('it was taken'),
    error => error,
  );
}
