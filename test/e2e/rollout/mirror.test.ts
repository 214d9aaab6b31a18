// Copies of live traffic: they arrive as the upstream got the requests, and their outcome never affects the client.

import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ChaosLoad } from '../../chaos/chaos-load.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { eventuallySeen } from '../../support/eventually.ts';
import { startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { metric, metricReaches } from '../../support/metric.ts';
import { VersionBackend } from '../../support/version-backend.ts';

const outcome = (name: string) => `cardea_mirror_requests_total{route="users",outcome="${name}"}`;
const compared = (name: string) => `cardea_mirror_comparisons_total{route="users",result="${name}"}`;

async function gatewayWith(t: TestContext, live: number, shadow: number, mirror: string, rest = '') {
  const gateway = await startGateway(
    `accessLog: { path: stdout }
consumers: [{ name: acme, keys: [{ id: k, hash: "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae" }] }]
upstreams:
  live: { endpoints: [ "http://127.0.0.1:${live}" ] }
  shadow: { endpoints: [ "http://127.0.0.1:${shadow}" ] }
routes:
  - name: users
    public: true
    match: { path: /* }
    to: live
    mirror: { upstream: shadow${mirror} }
    ${rest}
`,
    { workers: 1 },
  );
  t.after(() => gateway.stop());
  return gateway;
}

test('a copy is what the upstream got: method, path, fields, body, ids; larger bodies are not copied', async t => {
  const live = await VersionBackend.start('live');
  const shadow = await VersionBackend.start('shadow');
  t.after(() => Promise.all([live.stop(), shadow.stop()]));
  const gateway = await gatewayWith(
    t,
    live.port,
    shadow.port,
    ', body: 1KiB',
    'rewrite: { stripPrefix: /api }\n    filters: [{ apiKey: {} }, { headers: { request: { set: { x-added: "yes" } } } }]',
  );
  const url = `http://127.0.0.1:${gateway.port}/api/orders?x=1`;
  const first = await fetch(url, { method: 'POST', headers: { 'x-api-key': 'foo' }, body: '{"n":1}' });
  assert.equal(first.status, 200);
  assert.deepEqual(await first.json(), { version: 'live' });
  await eventuallySeen(
    () => shadow.seen.length,
    n => n === 1,
    'the copy arrived',
  );
  assert.deepEqual(
    { ...shadow.seen[0], headers: { ...shadow.seen[0]!.headers, host: '' } },
    { ...live.seen[0], headers: { ...live.seen[0]!.headers, host: '' } },
  );
  assert.equal(shadow.seen[0]!.body, '{"n":1}');
  assert.equal(shadow.seen[0]!.url, '/orders?x=1');
  assert.equal(shadow.seen[0]!.headers['x-added'], 'yes');

  await fetch(url, { method: 'POST', headers: { 'x-api-key': 'foo' }, body: 'x'.repeat(2_000) });
  await metricReaches(gateway, outcome('too_large'), 1, 'one was too large');
  // A refused request goes nowhere, so there is nothing to copy.
  assert.equal((await fetch(url)).status, 401);
  await metricReaches(gateway, outcome('answered'), 1, 'one was answered');
  assert.equal(shadow.seen.length, 1);
  // Copies are not counted as requests.
  await metricReaches(gateway, 'cardea_requests_in_flight', 0, 'none is under way');
  await eventuallySeen(
    () => gateway.stdout().trim().split('\n').length,
    n => n === 3,
    'three lines of the log',
  );
});

test('a share of the requests is copied, exactly', async t => {
  const live = await VersionBackend.start('live');
  const shadow = await VersionBackend.start('shadow');
  t.after(() => Promise.all([live.stop(), shadow.stop()]));
  const gateway = await gatewayWith(t, live.port, shadow.port, ', percent: 25%');
  for (let n = 0; n < 40; n++) await (await fetch(`http://127.0.0.1:${gateway.port}/`)).text();
  await eventuallySeen(
    () => shadow.seen.length,
    n => n === 10,
    'ten copies arrived',
  );
  await metricReaches(gateway, outcome('answered'), 10, 'all copies were answered');
  assert.equal(shadow.seen.length, 10);
});

test('differences are counted and told without values', async t => {
  const live = await VersionBackend.start('live');
  const shadow = await VersionBackend.start('live');
  t.after(() => Promise.all([live.stop(), shadow.stop()]));
  const gateway = await gatewayWith(t, live.port, shadow.port, ', compare: { headers: [x-version], ignore: [$.at] }');
  const ask = async () => (await fetch(`http://127.0.0.1:${gateway.port}/`)).text();
  await ask();
  await metricReaches(gateway, compared('same'), 1, 'one is the same');
  shadow.answer = (_, response) => response.writeHead(200, { 'x-version': 'live' }).end('{"version":"s3cret","at":5}');
  await ask();
  await metricReaches(gateway, compared('body_differs'), 1, 'one body differs');
  shadow.answer = (_, response) => response.writeHead(503, { 'x-version': 'live' }).end();
  await ask();
  await metricReaches(gateway, compared('status_differs'), 1, 'one status differs');
  await eventuallySeen(
    () => gateway.stderr(),
    text => /answer to a copied request differs/.test(text),
    'the difference is told',
  );
  assert.match(gateway.stderr(), /\$\.version/);
  assert.doesNotMatch(gateway.stderr(), /s3cret/);
});

/** A raw server; `onSocket` decides what it does with each connection. */
async function rawServer(t: TestContext, onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  const port = await listeningPort(server);
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => server.close(resolve));
  });
  return port;
}

test('dead, silent, slow, garbage: the client feels nothing of its mirror', async t => {
  const live = await VersionBackend.start('live');
  t.after(() => live.stop());
  const mirrors = {
    none: 0,
    dead: 1,
    silent: await rawServer(t, () => {}),
    garbage: await rawServer(t, socket => socket.on('data', () => socket.write('SSH-2.0-garbage\r\n\r\n\0\0'))),
    slow: await rawServer(t, socket =>
      socket.on('data', () => setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), 500)),
    ),
  };
  const p99s: Record<string, number> = {};
  for (const [name, port] of Object.entries(mirrors)) {
    const gateway = await startGateway(
      `accessLog: { path: off }
upstreams:
  live: { endpoints: [ "http://127.0.0.1:${live.port}" ] }
${port === 0 ? '' : `  shadow: { endpoints: [ "http://127.0.0.1:${port}" ] }\n`}routes:
  - name: users
    public: true
    match: { path: /* }
    to: live
${port === 0 ? '' : '    mirror: { upstream: shadow, timeout: 1s, queue: 16, compare: {} }\n'}`,
      { workers: 1 },
    );
    const load = new ChaosLoad(`http://127.0.0.1:${gateway.port}/`, 6);
    const from = performance.now() + 150;
    await delay(600);
    await load.stop();
    assert.deepEqual(load.failures, [], name);
    p99s[name] = load.p99(from, performance.now());
    if (port !== 0) {
      const failed = await metric(gateway, outcome('failed'));
      const dropped = await metric(gateway, outcome('dropped'));
      if (name === 'silent' || name === 'slow') assert.ok(dropped > 50, `${name} ${dropped}`);
      else assert.ok(failed > 50, `${name} ${failed}`);
    }
    await gateway.stop();
  }
  t.diagnostic(`p99 of clients in ms by mirror: ${JSON.stringify(p99s)}`);
  // Because: test machines are noisy; a client that waited for its mirror would have waited 500 ms and more.
  for (const p99 of Object.values(p99s)) assert.ok(p99 < 400, JSON.stringify(p99s));
});

test('a copy that meets a dead kept connection goes out again on a fresh one', async t => {
  const live = await VersionBackend.start('live');
  let connections = 0;
  const copies: string[] = [];
  // Keeps its connections, and closes each when a second request arrives, like a server whose keep-alive just ended.
  const shadow: Server = createServer(socket => {
    let requests = 0;
    socket.on('error', () => {});
    socket.on('data', bytes => {
      if (++requests > 1) {
        socket.destroy();
        return;
      }
      // Connections without a request come from the gateway's first look at its endpoints.
      connections++;
      copies.push(bytes.toString('latin1').split(' ', 2).join(' '));
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
  });
  const port = await listeningPort(shadow);
  t.after(async () => {
    await live.stop();
    shadow.close();
  });
  const gateway = await gatewayWith(t, live.port, port, '');
  for (let n = 1; n <= 5; n++) {
    await fetch(`http://127.0.0.1:${gateway.port}/${n}`);
    await metricReaches(gateway, outcome('answered'), n, 'the copy was answered');
  }
  assert.deepEqual(copies, ['GET /1', 'GET /2', 'GET /3', 'GET /4', 'GET /5']);
  assert.equal(connections, 5);
  assert.equal(await metric(gateway, outcome('failed')), 0);
});

test('a long queue of copies that are all refused at once does not end the worker', async t => {
  const copies = 3_000;
  const live = await VersionBackend.start('live');
  const sockets: Socket[] = [];
  const shadow = createServer(socket => {
    socket.on('error', () => {});
    sockets.push(socket);
  });
  const shadowPort = await listeningPort(shadow);
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    shadow.close();
    await live.stop();
  });
  const gateway = await startGateway(
    `upstreams:
  live: { endpoints: [ "http://127.0.0.1:${live.port}" ] }
  shadow: { endpoints: [ "http://127.0.0.1:${shadowPort}" ], breaker: { failures: 1 }, responseTimeout: 60s }
routes:
  - name: users
    match: { path: /* }
    to: live
    mirror: { upstream: shadow, timeout: 60s, concurrency: 1, queue: ${copies} }
`,
    { workers: 1 },
  );
  t.after(() => gateway.stop());
  const client = await ClientConnection.open(gateway.port);
  t.after(() => client.destroy());
  client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(copies));
  await eventuallySeen(
    () => client.received.toString('latin1').split('HTTP/1.1 200').length - 1,
    n => n === copies,
    'all clients are served',
  );
  // The first copy waits for its answer, all others behind it. When it fails, the breaker opens and refuses them.
  for (const socket of sockets) socket.resetAndDestroy();
  await metricReaches(gateway, outcome('failed'), copies, 'no copy was answered');
  assert.doesNotMatch(gateway.stderr(), /call stack|worker died/);
});
