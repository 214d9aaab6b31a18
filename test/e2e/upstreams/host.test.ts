// Which Host endpoints get: the client's, their own, or a name; in every protocol, and in each try of a request.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer as createH2cServer, type IncomingHttpHeaders } from 'node:http2';
import { createServer as createSecureServer } from 'node:https';
import { after, before, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { TestAuthority } from '../../support/certificates.ts';
import { eventuallySeen } from '../../support/eventually.ts';
import { ask } from '../../support/filter-gateway.ts';
import { freePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { metric } from '../../support/metric.ts';
import { sendRaw } from '../../support/raw-client.ts';
import { reloadWith } from '../../support/reload-with.ts';
import { VersionBackend } from '../../support/version-backend.ts';

const seenByH2: IncomingHttpHeaders[] = [];
const h2 = createH2cServer((request, response) => {
  seenByH2.push(request.headers);
  response.end('h2');
});

let gateway: RunningGateway;
let first: VersionBackend;
let second: VersionBackend;

before(async () => {
  first = await VersionBackend.start('first');
  second = await VersionBackend.start('second');
  const h2Port = await listeningPort(h2);
  const [one, two] = [first, second].map(({ port }) => `"http://127.0.0.1:${port}"`);
  gateway = await startGateway(`accessLog: { path: "off" }
upstreams:
  plain: { endpoints: [${two}] }
  own: { endpoints: [${one}], host: endpoint }
  own-both: { endpoints: [${one}, ${two}], host: endpoint, balance: roundRobin, retry: { on: [503], backoff: 1ms } }
  named: { endpoints: [${one}], host: "shop.example:8443" }
  dead: { endpoints: ["http://127.0.0.1:${await freePort()}"], host: dead.example, breaker: { failures: 1, open: 1m } }
  h2c: { endpoints: ["http://127.0.0.1:${h2Port}"], protocol: h2c, host: endpoint }
  checked: { endpoints: [${one}], host: checked.example, healthCheck: { path: /healthz } }
routes:
  - { name: own, public: true, match: { path: /own }, to: own, mirror: { upstream: plain } }
  - { name: own-both, public: true, match: { path: /own-both }, to: own-both }
  - { name: named, public: true, match: { path: /named }, to: named }
  - { name: rewritten, public: true, match: { path: /rewritten }, rewrite: { host: rewritten.example }, to: named }
  - { name: dead, public: true, match: { path: /dead }, to: dead, fallback: { upstream: plain } }
  - { name: h2c, public: true, match: { path: /h2c }, to: h2c }
  - { name: checked, public: true, match: { path: /checked }, to: checked }
`);
});
after(async () => {
  await gateway.stop();
  await Promise.all([first.stop(), second.stop()]);
  h2.close();
});

const headers = { host: 'client.example' };
const seenAt = (backend: VersionBackend, path: string) => backend.seen.filter(({ url }) => url === path);
const hostsAt = (backend: VersionBackend, path: string) => seenAt(backend, path).map(seen => seen.headers.host);

test('`endpoint` is the host and port of the URL; the client’s host stays in X-Forwarded-Host, and for a mirror', async () => {
  assert.equal((await ask(gateway.port, { path: '/own', headers })).status, 200);
  const [seen] = seenAt(first, '/own');
  assert.equal(seen!.headers.host, `127.0.0.1:${first.port}`);
  assert.equal(seen!.headers['x-forwarded-host'], 'client.example');
  assert.match(String(seen!.headers['forwarded']), /host=client\.example/);
  await eventuallySeen(
    () => hostsAt(second, '/own'),
    hosts => hosts.length === 1,
    'the copy arrived',
  );
  assert.deepEqual(hostsAt(second, '/own'), ['client.example']);
});

test('a request without Host, and one with a whole URL as its target, get it as well', async () => {
  const lines = [
    'GET /own HTTP/1.0\r\n\r\n',
    'GET http://client.example/own HTTP/1.1\r\nHost: client.example\r\nConnection: close\r\n\r\n',
  ];
  for (const line of lines) {
    first.seen.length = 0;
    const { received } = await sendRaw(gateway.port, [line]);
    assert.match(received.toString(), /^HTTP\/1\.[01] 200 /);
    assert.deepEqual(hostsAt(first, '/own'), [`127.0.0.1:${first.port}`]);
  }
});

test('each try has the host of its endpoint', async () => {
  first.status = 503;
  for (let asked = 0; asked < 2; asked++)
    assert.equal((await ask(gateway.port, { path: '/own-both', headers })).status, 200);
  first.status = 200;
  assert.deepEqual(new Set(hostsAt(first, '/own-both')), new Set([`127.0.0.1:${first.port}`]));
  assert.deepEqual(new Set(hostsAt(second, '/own-both')), new Set([`127.0.0.1:${second.port}`]));
});

test('a name is sent as it is written; the route’s `rewrite.host` goes before it', async () => {
  await ask(gateway.port, { path: '/named', headers });
  await ask(gateway.port, { path: '/rewritten', headers });
  assert.deepEqual(hostsAt(first, '/named'), ['shop.example:8443']);
  assert.deepEqual(hostsAt(first, '/rewritten'), ['rewritten.example']);
});

test('an upstream in `fallback` gets what it is to get itself', async () => {
  for (let asked = 0; asked < 2; asked++) await ask(gateway.port, { path: '/dead', headers });
  assert.deepEqual(hostsAt(second, '/dead'), ['client.example']);
});

test('over HTTP/2 it is the authority', async () => {
  assert.equal((await ask(gateway.port, { path: '/h2c', headers })).status, 200);
  const { port } = new URL(`http://${seenByH2[0]![':authority']}`);
  assert.equal(seenByH2[0]![':authority'], `127.0.0.1:${port}`);
  assert.equal(seenByH2[0]!['host'], undefined);
  assert.equal(seenByH2[0]!['x-forwarded-host'], 'client.example');
});

test('the name in TLS is that of the endpoint or of `tls.serverName`, not that in `host`', async t => {
  const authority = new TestAuthority();
  const { cert, key } = authority.issue('server', { names: ['IP:127.0.0.1', 'DNS:shop.internal'] });
  const asked: string[] = [];
  const server = createSecureServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
    // Because: the server accepts TLS connections only.
    const { servername } = request.socket as TLSSocket;
    asked.push(`${servername || 'none'} ${request.headers.host}`);
    response.end();
  });
  const url = `https://127.0.0.1:${await listeningPort(server)}`;
  const secure = await startGateway(`accessLog: { path: "off" }
upstreams:
  address: { endpoints: ["${url}"], host: other.example, tls: { ca: "${authority.ca}" } }
  named: { endpoints: ["${url}"], host: other.example, tls: { ca: "${authority.ca}", serverName: shop.internal } }
routes:
  - { name: address, public: true, match: { path: /address }, to: address }
  - { name: named, public: true, match: { path: /named }, to: named }
`);
  t.after(async () => {
    await secure.stop();
    server.close();
    authority.remove();
  });
  for (const path of ['/address', '/named']) assert.equal((await ask(secure.port, { path })).status, 200);
  assert.deepEqual(asked, ['none other.example', 'shop.internal other.example']);
});

test('a reload changes the host of requests over the connections that are open', async t => {
  const reloading = await startGateway(`accessLog: { path: "off" }
upstreams: { own: { endpoints: ["http://127.0.0.1:${first.port}"], host: before.example } }
routes: [{ name: own, public: true, match: { path: /* }, to: own }]
`);
  t.after(() => reloading.stop());
  await ask(reloading.port, { path: '/reload' });
  await reloadWith(reloading, text => text.replace('before', 'after'));
  await ask(reloading.port, { path: '/reload' });
  assert.deepEqual(hostsAt(first, '/reload'), ['before.example', 'after.example']);
  assert.equal(await metric(reloading, 'cardea_upstream_connects_total{upstream="own"}'), 1);
});

test('health checks ask for the name', async () => {
  await eventuallySeen(
    () => hostsAt(first, '/healthz'),
    hosts => hosts.length > 0,
    'a check arrived',
  );
  assert.equal(hostsAt(first, '/healthz')[0], 'checked.example');
});
