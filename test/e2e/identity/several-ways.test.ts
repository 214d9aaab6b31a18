// Several authentication methods on one gateway: what the upstream sees of the credentials that did not decide, and paths that a login
// serves itself.

import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { hashPassword } from '../../../src/base/password-hash.ts';
import { ask, valuesOf } from '../../support/filter-gateway.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startNodeBackend } from '../../support/node-backend.ts';

const key = 'ck_a-key-beside-other-ways';
const otherKey = 'ck_a-key-that-comes-once';
const hashOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const secret = 'the-secret-of-a-token-issuer-of-tests';
let backend: Awaited<ReturnType<typeof startNodeBackend>>;
let gateway: RunningGateway;

/** A token that the routes below accept. Expired with a negative `livesS`; forged with another secret. */
function token(livesS = 60, signedBy = secret): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256' })}.${part({ iss: 'https://idp.example', aud: 'api', sub: 'u', exp: Math.floor(Date.now() / 1_000) + livesS })}`;
  return `${text}.${createHmac('sha256', signedBy).update(text).digest('base64url')}`;
}

before(async () => {
  backend = await startNodeBackend();
  const hidden = 'forward: { keepCredential: false }';
  const keys = `keys: { secret: ${secret}, algorithm: HS256 }`;
  const oidc = `oidc: { issuer: "http://127.0.0.1:9", clientId: app, session: { keys: ["a key of at least thirty-two characters"] } }`;
  const login = `{ name: admin, password: "${await hashPassword('a password of the test')}" }`;
  gateway =
    await startGateway(`listeners: [{ address: "127.0.0.1:{{port}}", trustedProxies: [127.0.0.1], clientCertificateHeaders: keep }]
admin: { address: "127.0.0.1:{{adminPort}}" }
consumers: [{ name: acme, keys: [{ id: k1, hash: "${hashOf(key)}" }, { id: k2, hash: "${hashOf(otherKey)}" }] }]
upstreams: { service: { endpoints: ["http://127.0.0.1:${backend.port}"] } }
routes:
  - name: all
    filters:
      - anyOf:
          - basic: { users: [${login}], ${hidden} }
          - apiKey: { from: [{ header: x-api-key }, { query: key }], ${hidden} }
          - jwt: { issuer: https://idp.example, audience: api, ${keys}, ${hidden} }
          - ${oidc}
    to: service
  - name: shared
    match: { path: /shared }
    filters:
      - anyOf:
          - apiKey: { from: [bearer], ${hidden} }
          - jwt: { issuer: https://idp.example, audience: api, ${keys} }
    to: service
  - name: inner
    match: { host: inner.test }
    filters:
      - anyOf:
          - apiKey: {}
          - allOf: [{ ${oidc} }, { jwt: { issuer: https://idp.example, audience: api, ${keys} } }]
    to: service
  - name: one-place
    match: { path: /one-place }
    filters:
      - anyOf:
          - apiKey: { from: [bearer], failedLogins: 2/h }
          - jwt: { issuer: https://idp.example, audience: api, ${keys}, failedLogins: 2/h }
    to: service
  - name: two-places
    match: { path: /two-places }
    filters:
      - anyOf:
          - apiKey: { failedLogins: 3/h }
          - jwt: { issuer: https://idp.example, audience: api, ${keys}, failedLogins: 3/h }
    to: service
  - name: key-or-token
    match: { path: /key-or-token }
    filters:
      - anyOf: [{ apiKey: {} }, { jwt: { issuer: https://idp.example, audience: api, ${keys}, ${hidden} } }]
    to: service
  - name: proxied
    match: { path: /proxied }
    filters:
      - anyOf:
          - mtls: { fromProxy: true, clients: [{ consumer: acme, subject: "CN=one" }], ${hidden} }
          - mtls: { fromProxy: true, clients: [{ consumer: acme, subject: "CN=two" }], ${hidden} }
    to: service
`);
});

after(async () => {
  await gateway?.stop();
  await backend?.stop();
});

/** Headers and target that the upstream saw of the last request. */
async function lastSeen(): Promise<{ line: string; field(name: string): string | undefined }> {
  const { line, headers } = (await backend.seen()).at(-1)!;
  const field = (name: string) =>
    headers[headers.findIndex((each, at) => at % 2 === 0 && each.toLowerCase() === name) + 1];
  return {
    line,
    field: name => (headers.some((each, at) => at % 2 === 0 && each.toLowerCase() === name) ? field(name) : undefined),
  };
}

test('credentials of the ways that did not decide stay with the gateway where their filters keep them', async () => {
  const cookie = 'cardea_session=a-session-that-is-no-session; theme=dark; cardea_session.1=more-of-it';
  const headers = { cookie, 'x-api-key': key, authorization: `Bearer ${token()}` };
  assert.equal((await ask(gateway.port, { path: `/a?key=another-one&b=1`, headers })).status, 200);
  const byKey = await lastSeen();
  assert.equal(byKey.field('x-consumer-name'), 'acme');
  assert.match(byKey.line, /^GET \/a\?b=1 /);
  assert.deepEqual(['cookie', 'x-api-key', 'authorization'].map(byKey.field), ['theme=dark', undefined, undefined]);

  assert.equal(
    (await ask(gateway.port, { path: '/a?key=wrong-one', headers: { ...headers, 'x-api-key': 'wrong-one' } })).status,
    200,
  );
  const byToken = await lastSeen();
  assert.equal(byToken.field('x-consumer-by'), 'jwt');
  assert.doesNotMatch(byToken.line, /wrong-one/);
  assert.deepEqual(['cookie', 'x-api-key', 'authorization'].map(byToken.field), ['theme=dark', undefined, undefined]);
});

test('tokens that were sent twice stay with the gateway as well', async () => {
  const other = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
  for (const authorization of [
    [`Bearer ${token()}`, 'Bearer another-one'],
    [other, `Bearer ${token()}`],
  ]) {
    const { status } = await ask(gateway.port, { path: '/key-or-token', headers: { 'x-api-key': key, authorization } });
    assert.equal(status, 200);
    assert.equal((await lastSeen()).field('authorization'), undefined);
  }
  const headers = { 'x-api-key': key, authorization: [other, other] };
  assert.equal((await ask(gateway.port, { path: '/key-or-token', headers })).status, 200);
  assert.equal((await lastSeen()).field('authorization'), other, 'the filter withholds tokens only');
});

test('what stands where the deciding way looks is that one’s to keep', async () => {
  const authorization = `Bearer ${token()}`;
  assert.equal((await ask(gateway.port, { path: '/shared', headers: { authorization } })).status, 200);
  assert.equal((await lastSeen()).field('authorization'), authorization);
});

test('a refused way of mtls leaves the certificate that a proxy tells of to the next', async () => {
  const headers = { 'x-forwarded-client-cert': 'Subject="CN=two"' };
  assert.equal((await ask(gateway.port, { path: '/proxied', headers })).status, 200);
  assert.equal((await lastSeen()).field('x-forwarded-client-cert'), undefined);
});

test('a login that stands in an allOf serves its own paths also for who brings another credential', async () => {
  const headers = { host: 'inner.test', 'x-api-key': key };
  assert.equal((await ask(gateway.port, { path: '/page', headers })).status, 200);
  assert.equal((await ask(gateway.port, { path: '/oidc/callback?state=s', headers })).status, 401);
  const out = await ask(gateway.port, { path: '/oidc/logout', headers: { ...headers, cookie: 'cardea_session=s' } });
  assert.equal(out.status, 302);
  assert.match(valuesOf(out, 'set-cookie')[0]!, /^cardea_session=; .*Max-Age=0/);
});

test('tokens that have run out are no guesses of a key in the same place, and their callers are told to get others', async () => {
  const send = async (credential: string) => {
    const { status, headers } = await ask(gateway.port, {
      path: '/one-place',
      headers: { authorization: `Bearer ${credential}` },
    });
    return `${status} ${headers['www-authenticate'] ?? ''}`;
  };
  for (let n = 0; n < 4; n++) assert.equal(await send(token(-60)), '401 Bearer realm="cardea", error="invalid_token"');
  assert.match(await send(otherKey), /^200/);
  for (const status of [401, 401, 429]) assert.match(await send('ck_a-guess-of-a-key'), new RegExp(`^${status}`));
});

test('a made-up token that says it has run out hides no guesses of a key beside it', async () => {
  const send = async (guess: string) =>
    (
      await ask(gateway.port, {
        path: '/two-places',
        headers: { 'x-api-key': guess, authorization: `Bearer ${token(-60, 'made up')}` },
      })
    ).status;
  for (const guess of ['a-guess', 'b-guess', 'c-guess']) assert.equal(await send(guess), 401);
  const answer = await ask(gateway.port, { path: '/two-places', headers: { 'x-api-key': 'd-guess' } });
  assert.equal(answer.status, 429);
});
