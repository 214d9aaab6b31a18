// Secrets in the configuration of identity filters, and those that clients send, are shown nowhere: logs, admin endpoint, refusals.

import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { hashPassword } from '../../../src/base/password-hash.ts';
import { ask as askAsBrowser } from '../../support/filter-gateway.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { findSecrets } from '../../support/secret-search.ts';

const password = 'correct-horse-battery';
const apiKey = 'ck_the-key-of-this-test';
const awsSecret = 'the-aws-secret-of-this-test';
const sharedSecret = 'the-shared-secret-of-this-test';
/** Secrets that occur in the configuration only: a gateway could log them although no client sends them. */
const configured = {
  jwtSecret: 'the-hmac-secret-of-this-test-0123456789',
  introspectSecret: 'the-introspection-secret-of-this-test',
  oidcSecret: 'the-oidc-client-secret-of-this-test',
  sessionKey: 'the-session-key-of-this-test-0123456789',
  forwardKey: 'the-forwarding-key-of-this-test-0123456789',
  redisPassword: 'the-redis-password-of-this-test',
  postgresPassword: 'the-postgres-password-of-this-test',
};
let hash = '';
let gateway: RunningGateway;

before(async () => {
  hash = await hashPassword(password);
  gateway = await startGateway(
    `consumers:
  - name: acme
    keys: [{ id: k1, hash: "sha256:${createHash('sha256').update(apiKey).digest('hex')}" }]
accessLog: { path: stdout }
stores:
  cache: { url: "redis://gateway:${configured.redisPassword}@127.0.0.1:1" }
  keys: { url: "postgres://gateway:${configured.postgresPassword}@127.0.0.1:1/keys" }
routes:
  - name: token
    match: { path: /token }
    filters:
      - jwt:
          issuer: https://idp.invalid
          audience: api
          from: [bearer, { query: access_token }]
          keys: { secret: ${configured.jwtSecret}, algorithm: HS256 }
          forward: { consumer: signed, key: ${configured.forwardKey} }
    to: { reply: { status: 204 } }
  - name: opaque
    match: { path: /opaque }
    filters: [{ introspect: { url: "http://127.0.0.1:1/introspect", client: { id: gw, secret: ${configured.introspectSecret} } } }]
    to: { reply: { status: 204 } }
  - name: login
    match: { path: /oidc/* }
    filters:
      - oidc:
          issuer: http://127.0.0.1:1
          clientId: gw
          clientSecret: ${configured.oidcSecret}
          session: { keys: [${configured.sessionKey}] }
    to: { reply: { status: 204 } }
  - name: stored-login
    match: { path: /stored-login }
    filters: [{ oidc: { issuer: "http://127.0.0.1:1", clientId: gw, clientSecret: ${configured.oidcSecret}, session: { keys: [${configured.sessionKey}], store: cache } } }]
    to: { reply: { status: 204 } }
  - name: stored
    match: { path: /stored }
    filters: [{ apiKey: { store: keys } }]
    to: { reply: { status: 204 } }
  - name: limited
    match: { path: /limited }
    filters: [{ rateLimit: { limit: 10/s, store: cache, mode: exact, onStoreFailure: closed } }]
    to: { reply: { status: 204 } }
  - name: asked
    match: { path: /asked }
    filters: [{ forwardAuth: { url: "http://127.0.0.1:1/verify" } }]
    to: { reply: { status: 204 } }
  - name: basic
    match: { path: /basic }
    filters: [{ basic: { users: [{ name: ann, password: "${hash}", consumer: acme }] } }]
    to: { reply: { status: 204 } }
  - name: key
    match: { path: /key }
    filters: [{ apiKey: { from: [{ header: x-api-key }, { query: k }] } }]
    to: { reply: { status: 204 } }
  - name: aws
    match: { path: /aws }
    filters: [{ signature: { scheme: aws4, region: r, service: s, keys: [{ id: AK1, secret: ${awsSecret} }] } }]
    to: { reply: { status: 204 } }
  - name: message
    match: { path: /message }
    filters: [{ signature: { scheme: rfc9421, keys: [{ id: k, algorithm: hmac-sha256, secret: ${sharedSecret} }] } }]
    to: { reply: { status: 204 } }
`,
    { workers: 2 },
  );
});
after(() => gateway?.stop());

/** A token of the issuer, signed with this secret. */
function jws(secret: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: 'https://idp.invalid', aud: 'api', sub: 'ann', exp: Math.floor(Date.now() / 1_000) + 600 };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });

async function ask(path: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port}${path}`, {
    headers: { ...headers, connection: 'close' },
    redirect: 'manual',
  });
  return { status: answer.status, text: `${await answer.text()}${JSON.stringify([...answer.headers])}` };
}

test('good credentials pass, wrong ones do not, and nobody shows either', async () => {
  const wrong = 'wrong-password-of-this-test';
  const opaque = 'opaque-token-of-this-test';
  const code = 'authorization-code-of-this-test-0123456789abc';
  const token = jws(configured.jwtSecret);
  const wrongToken = jws('another-secret-of-this-test-0123456789-wrong');
  // Because: fetch adds headers that mark it as a program, and only page requests are redirected to the provider.
  const page = await askAsBrowser(gateway.port, {
    path: '/oidc/page',
    headers: { accept: 'text/html', cookie: `cardea_session=${opaque}` },
  });
  const answers = [
    await ask('/basic', basic(`ann:${password}`)),
    await ask('/basic', basic(`ann:${wrong}`)),
    await ask('/key', { 'x-api-key': apiKey }),
    await ask(`/key?k=${apiKey}`),
    await ask(`/key?k=${wrong}`),
    await ask('/aws', { authorization: `AWS4-HMAC-SHA256 ${wrong}` }),
    await ask('/token', { authorization: `Bearer ${token}` }),
    await ask(`/token?access_token=${wrongToken}`),
    await ask('/opaque', { authorization: `Bearer ${opaque}` }),
    await ask(`/oidc/callback?code=${code}&state=${code}`, { cookie: `cardea_session=${opaque}` }),
    { status: page.status, text: page.body.toString() },
    await ask('/stored-login', { cookie: `cardea_session=${opaque}` }),
    await ask('/stored', { 'x-api-key': opaque }),
    await ask('/limited'),
    await ask('/asked', { authorization: `Bearer ${opaque}`, cookie: `a=${code}` }),
    await ask('/message', { 'signature-input': `sig=("@method");keyid="${wrong}"`, signature: 'sig=:aGk=:' }),
  ];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [204, 401, 204, 204, 401, 401, 204, 401, 503, 401, 503, 401, 503, 503, 503, 401],
  );
  const pages = await Promise.all(
    ['/config', '/routes', '/metrics', '/health/ready'].map(async path =>
      (await fetch(`http://127.0.0.1:${gateway.adminPort}${path}`)).text(),
    ),
  );
  await gateway?.stop();
  const shown = [...answers.map(({ text }) => text), ...pages, gateway.stderr(), gateway.stdout()];
  assert.match(gateway.stdout(), /"\/key"/, 'the access log was written');
  const [salt, digest] = hash.split('$').slice(-2);
  const sent = [password, wrong, apiKey, token, wrongToken, opaque, code, `ann:${password}`, `ann:${wrong}`];
  const held = [awsSecret, sharedSecret, hash, salt!, digest!, ...Object.values(configured)];
  assert.deepEqual(findSecrets(shown, [...sent, ...held]), []);
});

test('nor does a configuration that is refused show what it held', async () => {
  const broken = `routes:
  - name: a
    match: { path: /a }
    filters:
      - jwt: { issuer: https://idp.invalid, audience: api, keys: { secret: "${configured.jwtSecret}", algorithm: HS999 } }
      - oidc: { issuer: https://idp.invalid, clientId: 5, clientSecret: "${configured.oidcSecret}", session: { keys: ["a-short-session-key"] } }
      - basic: { users: [{ name: ann, password: "${password}" }] }
      - signature: { scheme: aws4, region: r, service: s, keys: [{ id: AK1, secret: "${awsSecret}", more: 1 }] }
    to: { reply: { status: 204 } }
stores: { cache: { url: "redis://gateway:${configured.redisPassword}@127.0.0.1:port" } }
`;
  const error = await startGateway(broken).then(
    async started => {
      await started.stop();
      return null;
    },
    (reason: Error) => reason.message,
  );
  assert.match(error ?? '', /cardea\.yaml:\d+/);
  const secrets = [
    configured.jwtSecret,
    configured.oidcSecret,
    'a-short-session-key',
    password,
    awsSecret,
    configured.redisPassword,
  ];
  assert.deepEqual(findSecrets([error!], secrets), []);
});
