// Headers that a caller writes never look like an identity that the gateway found, in HTTP/1.1 and HTTP/2; nor does anything left behind by
// a refused alternative of anyOf, or by an identity that another one replaced.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { after, before, test } from 'node:test';
import { SignJWT } from 'jose';
import { hashPassword } from '../../../src/base/password-hash.ts';
import { ask } from '../../support/filter-gateway.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';

const keys = { acme: 'ck_key-of-acme', evil: 'ck_key-of-evil' };
const tokenSecret = 'a shared secret of at least 32 bytes';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const identityName = /^x.(consumer|team)/i;

let gateway: RunningGateway;
/** Fields of the last request at the upstream that could name the caller, including trailers. */
let seen: string[] = [];
const backend = createServer((request: IncomingMessage, response) => {
  request.resume().on('end', () => {
    const all = [...request.rawHeaders, ...request.rawTrailers];
    seen = all.flatMap((name, at) => (at % 2 === 0 && identityName.test(name) ? [`${name}: ${all[at + 1]}`] : []));
    response.end('in');
  });
});

before(async () => {
  await new Promise<void>(resolve => backend.listen(0, '127.0.0.1', resolve));
  const { port } = backend.address() as AddressInfo; // Because: it listens on TCP
  const user = async (name: string) =>
    `{ name: ${name}, password: "${await hashPassword('pw')}", consumer: ${name}, scopes: [admin] }`;
  const users = `users: [${await user('acme')}, ${await user('evil')}]`;
  const asked = 'forward: { claims: { x-team: team } }';
  const jwt = `{ jwt: { audience: any, keys: { secret: "${tokenSecret}" }, ${asked} } }`;
  gateway = await startGateway(`listeners: [{ address: "127.0.0.1:{{port}}", protocols: [http/1.1, h2c] }]
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: "off" }
upstreams: { app: { endpoints: ["http://127.0.0.1:${port}"] } }
consumers:
  - { name: acme, tenant: t1, keys: [{ id: a1, scopes: [read, admin], hash: "sha256:${sha256(keys.acme)}" }] }
  - { name: evil, groups: [evil], keys: [{ id: e1, hash: "sha256:${sha256(keys.evil)}" }] }
routes:
  - { name: open, match: { path: /open }, public: true, to: app }
  - { name: key, match: { path: /key }, filters: [{ apiKey: { from: [{ header: x-api-key }], ${asked} } }], to: app }
  - name: both
    match: { path: /both }
    filters: [{ apiKey: { from: [{ header: x-api-key }] } }, { basic: { ${users} } }]
    to: app
  - name: replaced
    match: { path: /replaced }
    filters: [${jwt}, { apiKey: { from: [{ header: x-api-key }] } }]
    to: app
  - name: all-replaced
    match: { path: /all-replaced }
    filters: [${jwt}, { allOf: [{ apiKey: { from: [{ header: x-api-key }] } }, { apiKey: { from: [{ header: x-other-key }] } }] }]
    to: app
  - name: all
    match: { path: /all }
    filters: [{ allOf: [{ apiKey: { from: [{ header: x-api-key }] } }, { basic: { ${users} } }] }]
    to: app
  - name: either
    match: { path: /either }
    filters:
      - anyOf:
          - allOf: [{ apiKey: { from: [{ header: x-api-key }] } }, { basic: { ${users} } }]
          - apiKey: { from: [{ header: x-other-key }] }
    to: app
  - name: limited
    match: { path: /limited }
    filters:
      - { apiKey: { from: [{ header: x-api-key }] } }
      - { acl: { allow: [{ consumers: [acme] }] } }
      - { rateLimit: { limit: 1/h, by: consumer } }
    to: app
`);
});
after(async () => {
  await gateway?.stop();
  backend.closeAllConnections();
  backend.close();
});

const basic = (name: string) => ({ authorization: `Basic ${Buffer.from(`${name}:pw`).toString('base64')}` });
const only = (name: string, key: string) => [
  `X-Consumer-Name: ${name}`,
  ...(name === 'acme' ? ['X-Consumer-Tenant: t1'] : ['X-Consumer-Groups: evil']),
  `X-Consumer-Subject: ${key}`,
  ...(name === 'acme' ? ['X-Consumer-Scopes: read admin'] : []),
  'X-Consumer-By: apiKey',
];

/** Names that a careless upstream takes for the gateway's own headers. */
const forged = {
  'X-Consumer-Name': 'root',
  x_consumer_groups: 'admin',
  'X.Consumer.Tenant': 'all',
  'x-consumer_scopes': 'admin',
  'X-CONSUMER-TOKEN': 'a.b.c',
  X_Team: 'ops',
};

test('forged fields go no further, on a public route as little as on a guarded one', async () => {
  assert.equal((await ask(gateway.port, { path: '/open', headers: forged })).status, 200);
  assert.deepEqual(seen, []);
  assert.equal((await ask(gateway.port, { path: '/key', headers: { ...forged, 'x-api-key': keys.acme } })).status, 200);
  assert.deepEqual(seen, only('acme', 'a1'));
});

test('nor in trailers, and Connection does not take the real ones away', async () => {
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect(gateway.port, '127.0.0.1');
    let received = '';
    socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1')));
    socket.on('close', () => resolve(received));
    socket.on('error', reject);
    const head = `Host: a\r\nX-Api-Key: ${keys.acme}\r\nConnection: close, X-Consumer-Name, X-Consumer-Tenant\r\n`;
    socket.write(`POST /key HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\nTrailer: X-Consumer-Name\r\n\r\n`);
    socket.write('1\r\na\r\n0\r\nX-Consumer-Name: root\r\nx_consumer_groups: admin\r\nX.Team: ops\r\n\r\n');
  });
  assert.match(text, /^HTTP\/1\.1 200/);
  assert.deepEqual(seen, only('acme', 'a1'));
});

test('of two that found out who calls, the later one is told of, and no mixture', async () => {
  const { status } = await ask(gateway.port, { path: '/both', headers: { 'x-api-key': keys.evil, ...basic('acme') } });
  assert.equal(status, 200);
  assert.deepEqual(seen, [
    'X-Consumer-Name: acme',
    'X-Consumer-Tenant: t1',
    'X-Consumer-Subject: acme',
    'X-Consumer-Scopes: admin',
    'X-Consumer-By: basic',
  ]);
});

test('nothing is left of the claims of a token where a later filter identifies the caller', async () => {
  const token = await new SignJWT({ sub: 'ann', team: 'ops', exp: Math.floor(Date.now() / 1_000) + 60 })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(Buffer.from(tokenSecret));
  const headers = { authorization: `Bearer ${token}`, 'x-api-key': keys.acme, 'x-other-key': keys.acme };
  for (const path of ['/replaced', '/all-replaced']) {
    assert.equal((await ask(gateway.port, { path, headers })).status, 200);
    assert.deepEqual(seen, only('acme', 'a1'), path);
  }
});

test('allOf tells each thing once', async () => {
  const { status } = await ask(gateway.port, { path: '/all', headers: { 'x-api-key': keys.acme, ...basic('acme') } });
  assert.equal(status, 200);
  const names = seen.map(line => line.slice(0, line.indexOf(':')).toLowerCase());
  assert.equal(new Set(names).size, names.length, seen.join('\n'));
  assert.equal(seen[0], 'X-Consumer-Name: acme');
  assert.ok(seen.includes('X-Consumer-Scopes: read admin'), 'the scopes of both');
});

test('a way of anyOf that was refused halfway leaves nothing of its identity', async () => {
  const headers = { 'x-api-key': keys.evil, 'x-other-key': keys.acme };
  assert.equal((await ask(gateway.port, { path: '/either', headers })).status, 200);
  assert.deepEqual(seen, only('acme', 'a1'));
  const crossed = { 'x-api-key': keys.evil, 'x-other-key': keys.acme, ...basic('acme') };
  assert.equal((await ask(gateway.port, { path: '/either', headers: crossed })).status, 200);
  assert.deepEqual(seen, only('acme', 'a1'));
});

// ---- HTTP/2 ----------------------------------------------------------------------------------------------------------

interface Http2Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

async function askHttp2(
  headers: Record<string, string | string[]>,
  trailers?: Record<string, string>,
): Promise<Http2Answer> {
  const session = connectHttp2(`http://127.0.0.1:${gateway.port}`);
  try {
    return await new Promise<Http2Answer>((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request(headers, {
        endStream: trailers === undefined,
        waitForTrailers: trailers !== undefined,
      });
      let head: Http2Answer['headers'] = {};
      let text = '';
      stream.setEncoding('utf8');
      stream.on('response', received => (head = received));
      stream.on('data', (piece: string) => (text += piece));
      stream.on('error', reject);
      stream.on('end', () => resolve({ status: Number(head[':status']), headers: head, text }));
      if (trailers === undefined) return;
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      stream.end('body');
    });
  } finally {
    session.close();
  }
}

test('over HTTP/2: forged fields and trailers go no further', async () => {
  assert.equal((await askHttp2({ ':path': '/open', ...forged })).status, 200);
  assert.deepEqual(seen, []);
  const guarded = { ':path': '/key', ':method': 'POST', ...forged, 'x-api-key': keys.acme };
  const trailers = { 'x-consumer-name': 'root', x_consumer_groups: 'admin', 'x.team': 'ops' };
  assert.equal((await askHttp2(guarded, trailers)).status, 200);
  assert.deepEqual(seen, only('acme', 'a1'));
});

test('over HTTP/2: 401, 403 and 429 as over HTTP/1.1', async () => {
  const missing = await askHttp2({ ':path': '/limited' });
  assert.deepEqual([missing.status, missing.headers['www-authenticate']], [401, 'ApiKey realm="cardea"']);
  assert.match(missing.text, /"credentials_missing"/);
  const twice = await askHttp2({ ':path': '/limited', 'x-api-key': [keys.acme, keys.acme] });
  assert.equal(twice.status, 401, 'a key given twice');
  const wrong = await askHttp2({ ':path': '/limited', 'x-api-key': 'ck_wrong' });
  assert.equal(wrong.status, 401);
  assert.match(wrong.text, /"credentials_invalid"/);
  const stranger = await askHttp2({ ':path': '/limited', 'x-api-key': keys.evil });
  assert.equal(stranger.status, 403);
  assert.match(stranger.text, /"access_denied"/);
  assert.equal((await askHttp2({ ':path': '/limited', 'x-api-key': keys.acme })).status, 200);
  const limited = await askHttp2({ ':path': '/limited', 'x-api-key': keys.acme });
  assert.equal(limited.status, 429);
  assert.match(String(limited.headers['ratelimit']), /r=0/);
  assert.ok(Number(limited.headers['retry-after']) > 3_000);
  const first = await ask(gateway.port, { path: '/limited', headers: { 'x-api-key': keys.acme } });
  assert.equal(first.status, 429, 'both protocols count in one budget');
});
