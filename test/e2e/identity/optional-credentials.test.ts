// Credentials that a route takes but does not require: who passes without one, as whom, and what is refused all the same.

import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { hashPassword } from '../../../src/base/password-hash.ts';
import { audit as auditCommand } from '../../../src/cli/audit.ts';
import { explain as explainCommand } from '../../../src/cli/explain.ts';
import { routes as routesCommand } from '../../../src/cli/routes.ts';
import { runHere } from '../../support/command-here.ts';
import { type Asked, ask, valuesOf } from '../../support/filter-gateway.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

const keys = {
  acme: 'ck_key-of-acme',
  beta: 'ck_key-of-beta',
  old: 'ck_key-that-has-expired',
  guest: 'ck_key-of-guest',
};
const secret = 'the-secret-of-a-token-issuer-of-tests';
const hashOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

let gateway: RunningGateway;
let asked = 0;
let isAway = false;
/** Tells which fields that identify the caller have arrived, and counts the requests. */
const backend = createServer((request, response) => {
  asked++;
  const told = Object.entries(request.headers).filter(([name]) => /^x.(consumer|forwarded-client-cert)/.test(name));
  request.resume().on('end', () => {
    if (isAway) request.socket.destroy();
    else response.writeHead(200, { 'X-Asked': asked }).end(JSON.stringify(Object.fromEntries(told)));
  });
});

function token({ sub = 'u', client = 'acme', livesS = 60, signedBy = secret } = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1_000) + livesS;
  const text = `${part({ alg: 'HS256' })}.${part({ iss: 'https://idp.example', aud: 'api', sub, azp: client, exp })}`;
  return `${text}.${createHmac('sha256', signedBy).update(text).digest('base64url')}`;
}
const bearer = (text: string) => ({ authorization: `Bearer ${text}` });
const password = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });

before(async () => {
  const port = await listeningPort(backend);
  const jwt = `issuer: https://idp.example, audience: api, keys: { secret: ${secret} }, consumer: { claim: azp }, failedLogins: off`;
  const user = `{ name: ann, password: "${await hashPassword('a password of the test')}", consumer: acme }`;
  gateway =
    await startGateway(`listeners: [{ address: "127.0.0.1:{{port}}", trustedProxies: [127.0.0.2], clientCertificateHeaders: keep }]
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: stdout }
plans: { free: { rate: 3/h } }
consumers:
  - { name: acme, groups: [partners], keys: [{ id: a1, scopes: [read], hash: "${hashOf(keys.acme)}" }, { id: a2, hash: "${hashOf(keys.old)}", expires: 2020-01-01 }] }
  - { name: beta, keys: [{ id: b1, hash: "${hashOf(keys.beta)}" }] }
  - { name: guest, plan: free, groups: [public], keys: [{ id: g1, hash: "${hashOf(keys.guest)}" }] }
upstreams: { app: { endpoints: ["http://127.0.0.1:${port}"] } }
routes:
  - name: row
    match: { path: /row }
    public: true
    filters: [{ apiKey: { optional: { consumer: guest }, failedLogins: off } }, { jwt: { ${jwt}, optional: true } }]
    to: app
  - name: any
    match: { path: /any }
    public: true
    filters: [{ anyOf: [{ apiKey: { failedLogins: off } }, { jwt: { ${jwt}, optional: { consumer: guest } } }] }]
    to: app
  - name: any-ruled
    match: { path: /any-ruled }
    filters:
      - anyOf: [{ apiKey: {} }, { basic: { users: [${user}], optional: true } }]
      - acl: { allow: [{ groups: [partners] }] }
    to: app
  - name: both
    match: { path: /both }
    filters: [{ allOf: [{ apiKey: { failedLogins: off } }, { jwt: { ${jwt}, optional: true } }] }]
    to: app
  - name: both-open
    match: { path: /both-open }
    public: true
    filters: [{ allOf: [{ apiKey: { optional: { consumer: guest } } }, { jwt: { ${jwt}, optional: true } }] }]
    to: app
  - name: nested
    match: { path: /nested }
    public: true
    filters:
      - jwt: { ${jwt}, optional: { consumer: guest } }
      - anyOf: [{ basic: { users: [${user}] } }, { allOf: [{ apiKey: { optional: true } }, { mtls: { fromProxy: true, clients: [{ subject: "CN=a" }], optional: true } }] }]
    to: app
  - name: ruled
    match: { path: /ruled }
    filters:
      - apiKey: { optional: { consumer: guest }, failedLogins: off }
      - basic: { users: [${user}], realm: shop, optional: true }
      - acl: { allow: [{ groups: [partners], scopes: [read] }] }
    to: app
  - name: guests
    match: { path: /guests }
    public: true
    filters: [{ apiKey: { optional: { consumer: guest } } }, { acl: { allow: [{ groups: [public, partners] }] } }]
    to: app
  - name: limited
    match: { path: /limited }
    public: true
    filters: [{ apiKey: { optional: { consumer: guest } } }, { rateLimit: { limit: 100/h, by: consumer, plan: true } }]
    to: app
  - name: limited-by-address
    match: { path: /limited-by-address }
    public: true
    filters: [{ apiKey: { optional: true } }, { rateLimit: { limit: 2/h, by: consumer } }]
    to: app
  - name: once
    match: { path: /once }
    public: true
    filters: [{ apiKey: { optional: { consumer: guest } } }, { idempotency: {} }]
    to: app
  - name: kept
    match: { path: /kept }
    public: true
    filters: [{ apiKey: { optional: { consumer: guest } } }]
    fallback: { cache: { by: consumer } }
    to: app
  - name: others
    match: { path: /others }
    public: true
    filters:
      - introspect: { url: "http://127.0.0.1:9/introspect", client: { id: a, secret: b-secret-of-this-test }, optional: true }
      - signature: { scheme: rfc9421, keys: [{ id: k1, algorithm: hmac-sha256, secret: sixteen-characters-of-it }], optional: true }
      - signature: { scheme: aws4, region: r, service: s, keys: [{ id: k1, secret: sixteen-characters-of-aws }], optional: true }
      - mtls: { fromProxy: true, clients: [{ subject: "CN=a", consumer: acme }], optional: true }
    to: app
`);
});

after(async () => {
  await gateway?.stop();
  backend.closeAllConnections();
  backend.close();
});

/** Status, and the name under which the caller was made known to the service. */
async function caller(
  path: string,
  headers: Asked['headers'] = {},
): Promise<[status: number, name?: string | undefined]> {
  const { status, body } = await ask(gateway.port, { path, headers });
  return status === 200 ? [status, told(body)['x-consumer-name']] : [status];
}

function told(body: Buffer): Record<string, string> {
  return JSON.parse(body.toString());
}

test('two optional credentials in a row: none, one of them, both, and each of them wrong', async () => {
  assert.deepEqual(await caller('/row'), [200, 'guest']);
  assert.deepEqual(await caller('/row', { 'x-api-key': keys.beta }), [200, 'beta']);
  assert.deepEqual(await caller('/row', bearer(token())), [200, 'acme']);
  assert.deepEqual(await caller('/row', { 'x-api-key': keys.beta, ...bearer(token()) }), [200, 'acme']);
  assert.deepEqual(await caller('/row', password('ann:x')), [200, 'guest'], 'a credential of another kind');
  const wrong: Asked['headers'][] = [
    { 'x-api-key': 'wrong' },
    { 'x-api-key': '' },
    { 'x-api-key': keys.old },
    { 'x-api-key': [keys.acme, keys.acme] },
    { 'x-api-key': 'wrong', ...bearer(token()) },
    { 'x-api-key': keys.beta, ...bearer(token({ livesS: -60 })) },
    bearer(token({ livesS: -60 })),
    bearer(token({ signedBy: 'another-secret-of-a-token-issuer-of-tests' })),
    bearer('no-token'),
    { authorization: 'Bearer' },
    { authorization: [`Bearer ${token()}`, `Bearer ${token()}`] },
  ];
  for (const headers of wrong) {
    const { status, body } = await ask(gateway.port, { path: '/row', headers: headers ?? {} });
    assert.deepEqual([status, JSON.parse(body.toString()).code], [401, 'credentials_invalid'], JSON.stringify(headers));
  }
});

test('what a stranger says of himself never arrives, and what the gateway says of him names nobody', async () => {
  const forged = { 'x-consumer-name': 'acme', X_Consumer_Groups: 'partners', 'x-consumer-subject': 'root' };
  const { body } = await ask(gateway.port, { path: '/row', headers: forged });
  assert.deepEqual(told(body), {
    'x-consumer-name': 'guest',
    'x-consumer-plan': 'free',
    'x-consumer-groups': 'public',
    'x-consumer-by': 'anonymous',
  });
  const asNobody = await ask(gateway.port, { path: '/others', headers: forged });
  assert.deepEqual(told(asNobody.body), {});
});

test('any of several credentials, or none', async () => {
  assert.deepEqual(await caller('/any'), [200, 'guest']);
  assert.deepEqual(await caller('/any', { 'x-api-key': keys.beta }), [200, 'beta']);
  assert.deepEqual(await caller('/any', bearer(token())), [200, 'acme']);
  for (const headers of [{ 'x-api-key': 'wrong' }, bearer('wrong'), bearer(token({ livesS: -60 }))])
    assert.deepEqual(await caller('/any', headers), [401]);
  assert.deepEqual(
    await caller('/any', { 'x-api-key': 'wrong', ...bearer(token()) }),
    [200, 'acme'],
    'as in any anyOf',
  );
});

test('all of several credentials, of which one is optional, or all are', async () => {
  assert.deepEqual(await caller('/both'), [401]);
  assert.deepEqual(await caller('/both', bearer(token())), [401]);
  for (const path of ['/both', '/both-open']) {
    assert.deepEqual(await caller(path, { 'x-api-key': keys.acme }), [200, 'acme']);
    assert.deepEqual(await caller(path, { 'x-api-key': keys.acme, ...bearer(token()) }), [200, 'acme']);
    assert.deepEqual(await caller(path, { 'x-api-key': keys.beta, ...bearer(token()) }), [403], 'different callers');
    assert.deepEqual(await caller(path, { 'x-api-key': keys.acme, ...bearer('wrong') }), [401]);
  }
  assert.deepEqual(await caller('/both-open'), [200, 'guest']);
  assert.deepEqual(await caller('/both-open', bearer(token())), [200, 'acme']);
});

test('a filter that lets strangers pass leaves the caller whom one before it has identified', async () => {
  const { body } = await ask(gateway.port, { path: '/nested', headers: bearer(token({ sub: 'ann' })) });
  assert.deepEqual(told(body), {
    'x-consumer-name': 'acme',
    'x-consumer-groups': 'partners',
    'x-consumer-subject': 'ann',
    'x-consumer-by': 'jwt',
  });
  assert.deepEqual(await caller('/nested'), [200, 'guest']);
  assert.deepEqual(await caller('/nested', { 'x-api-key': keys.beta }), [200, 'beta']);
  assert.deepEqual(await caller('/nested', { 'x-api-key': 'wrong' }), [401]);
  assert.deepEqual(await caller('/nested', password('ann:a password of the test')), [200, 'acme']);
  assert.deepEqual(await caller('/nested', password('ann:wrong')), [401]);
  // The claim of a client that is no trusted proxy.
  const forged = await ask(gateway.port, { path: '/nested', headers: { 'x-forwarded-client-cert': 'Subject="CN=a"' } });
  assert.deepEqual([forged.status, told(forged.body)['x-forwarded-client-cert']], [200, undefined]);
});

test('rules behind it: 401 with every credential that would help, and 403 for whom none would', async () => {
  const stranger = await ask(gateway.port, { path: '/ruled' });
  assert.equal(stranger.status, 401);
  assert.equal(JSON.parse(stranger.body.toString()).code, 'credentials_missing');
  assert.deepEqual(valuesOf(stranger, 'www-authenticate'), [
    'ApiKey realm="cardea"',
    'Basic realm="shop", charset="UTF-8"',
  ]);
  assert.deepEqual(await caller('/ruled', { 'x-api-key': keys.acme }), [200, 'acme']);
  assert.deepEqual(await caller('/ruled', { 'x-api-key': keys.beta }), [403]);
  const ofAny = await ask(gateway.port, { path: '/any-ruled' });
  assert.deepEqual([ofAny.status, valuesOf(ofAny, 'www-authenticate').length], [401, 2]);
  assert.deepEqual(await caller('/guests'), [200, 'guest']);
  assert.deepEqual(await caller('/guests', { 'x-api-key': keys.beta }), [403]);
});

test('limits count the consumer whom all strangers are, and the address of strangers who are nobody', async () => {
  for (const status of [200, 200, 200, 429]) assert.equal((await caller('/limited'))[0], status);
  assert.deepEqual(await caller('/limited', { 'x-api-key': keys.acme }), [200, 'acme']);
  for (const status of [200, 200, 429]) assert.equal((await caller('/limited-by-address'))[0], status);
  assert.deepEqual(await caller('/limited-by-address', { 'x-api-key': keys.acme }), [200, 'acme']);
});

test('a response that is given again is not given to another caller, and not to a stranger', async () => {
  const pay = async (headers: Record<string, string>) =>
    (await ask(gateway.port, { path: '/once', method: 'POST', headers: { 'idempotency-key': 'k', ...headers } }))
      .headers['x-asked'];
  const first = await pay({});
  assert.equal(await pay({}), first, 'the same address');
  const ofGuest = await pay({ 'x-api-key': keys.guest });
  const ofAcme = await pay({ 'x-api-key': keys.acme });
  assert.equal(new Set([first, ofGuest, ofAcme]).size, 3);
  assert.equal(await pay({ 'x-api-key': keys.acme }), ofAcme);
  assert.equal(
    (await ask(gateway.port, { path: '/once', method: 'POST', headers: { 'idempotency-key': 'k', ...bearer('x') } }))
      .status,
    422,
  );
});

test('a response that is kept for when the service fails is given to callers of the same kind only', async () => {
  assert.deepEqual(await caller('/kept'), [200, 'guest']);
  assert.deepEqual(await caller('/kept', { 'x-api-key': keys.beta }), [200, 'beta']);
  isAway = true;
  try {
    assert.deepEqual(await caller('/kept'), [200, 'guest']);
    assert.deepEqual(await caller('/kept', { 'x-api-key': keys.beta }), [200, 'beta']);
    for (const other of [keys.acme, keys.guest]) assert.deepEqual(await caller('/kept', { 'x-api-key': other }), [502]);
  } finally {
    isAway = false;
  }
});

test('every other kind: nothing shown passes, anything shown must hold', async () => {
  assert.deepEqual(await caller('/others'), [200, undefined]);
  assert.deepEqual(await caller('/others', bearer('opaque')), [503], 'nobody can verify it now');
  assert.deepEqual(await caller('/others', { signature: 'sig1=:AAAA:' }), [401]);
  assert.deepEqual(await caller('/others', { 'signature-input': 'sig1=()' }), [401]);
  assert.deepEqual(await caller('/others', { authorization: 'AWS4-HMAC-SHA256 Credential=x' }), [401]);
  const forged = await ask(gateway.port, { path: '/others', headers: { 'x-forwarded-client-cert': 'Subject="CN=a"' } });
  assert.deepEqual([forged.status, told(forged.body)], [200, {}]);
});

test('the commands show what is optional, and the audit what guards', async () => {
  const explained = await runHere(explainCommand, '-c', gateway.configPath, 'GET', '/row');
  assert.match(explained.said, /1\. apiKey \(optional: otherwise guest\)\n.*2\. jwt \(optional\)/);
  const listed = await runHere(routesCommand, '-c', gateway.configPath);
  assert.match(listed.said, /apiKey \(optional\),jwt \(optional\)/);
  const audited = await runHere(auditCommand, '-c', gateway.configPath);
  assert.match(audited.said, /^ruled +acl +ok/m);
  assert.match(audited.said, /^any-ruled +acl +ok/m);
  assert.match(audited.said, /^row +- +public +ok/m);
});

test('the access log and the metrics know the stranger by the consumer that he is', async () => {
  await caller('/guests');
  const { body } = await ask(gateway.adminPort, { path: '/metrics' });
  const metrics = body.toString();
  assert.match(metrics, /cardea_filter_events_total\{filter="apiKey",event="missing"\} [1-9]/);
  await gateway.stop();
  const lines = gateway
    .stdout()
    .split('\n')
    .filter(line => line.includes('"/guests"'));
  assert.match(lines.at(-1)!, /"consumer":"guest"/);
});
