// Routes that hold at some listeners only, or for some clients, on a running gateway: which route takes a request, what the others see of
// it, and reloads that give listeners other names.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { audit } from '../../../src/cli/audit.ts';
import { explain } from '../../../src/cli/explain.ts';
import { routes as routesCommand } from '../../../src/cli/routes.ts';
import { hasAnswers, readAnswers } from '../../support/answers.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { runHere } from '../../support/command-here.ts';
import { freePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { H2Client } from '../../support/h2-client.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { sendRaw } from '../../support/raw-client.ts';
import { reloadWith } from '../../support/reload-with.ts';

const backend = createServer((_request, response) => response.end('service'));
const webSockets = new WebSocketServer({ server: backend });
webSockets.on('connection', socket => socket.send('hello'));
let gateway: RunningGateway;
let internalPort = 0;
let balancedPort = 0;

const reply = (name: string, match: string, more = '') =>
  `  - { name: ${name}, match: { ${match} }, public: true,${more} to: { reply: { status: 200, body: ${name} } } }\n`;

before(async () => {
  const backendPort = await listeningPort(backend);
  internalPort = await freePort();
  balancedPort = await freePort();
  gateway = await startGateway(
    `listeners:
  - { name: public, address: "127.0.0.1:{{port}}", protocols: [http/1.1, h2c], trustedProxies: [127.0.0.1] }
  - { name: internal, address: "127.0.0.1:${internalPort}", protocols: [http/1.1, h2c] }
  - { address: "127.0.0.1:${balancedPort}", proxyProtocol: true, trustedProxies: [127.0.0.1] }
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: off
upstreams: { service: { endpoints: ["http://127.0.0.1:${backendPort}"] } }
routes:
${reply('status', 'path: /status')}${reply('status-inside', 'path: /status, listener: internal')}${reply('admin', 'path: /admin/*, listener: [internal], methods: [GET, POST]', ' filters: [{ cors: { origins: ["https://a.test"] } }],')}${reply('office', 'path: /status, client: 10.0.0.0/8')}${reply('order', 'path: /events, listener: internal, body: { $.type: order }')}  - { name: sockets, match: { path: /sockets, listener: internal }, public: true, to: service }
  - name: slow
    match: { path: /slow, listener: internal }
    public: true
    to: service
    async: { after: 100ms }
`,
  );
});
after(async () => {
  for (const socket of webSockets.clients) socket.terminate();
  webSockets.close();
  backend.closeAllConnections();
  backend.close();
  assert.equal(await gateway.stop(), 0);
});

interface Seen {
  readonly status: number;
  readonly body: string;
  readonly allow: string;
}

async function ask(port: number, target: string, method = 'GET', fields = '', body = ''): Promise<Seen> {
  const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
  const head = `${method} ${target} HTTP/1.1\r\nHost: a.test\r\n${fields}${length}\r\n${body}`;
  const { received } = await sendRaw(port, [head], { enough: hasAnswers(1, [method]), quietMs: 0 });
  const [answer] = readAnswers(received, [method]);
  return { status: answer!.status, body: answer!.body, allow: answer!.headers.get('allow')?.[0] ?? '' };
}

const fieldsOf = (path: string) =>
  [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':authority', 'a.test'],
    [':path', path],
  ] as const;

test('a route that names a listener holds there only: elsewhere its path gets 404, or the next route', async () => {
  assert.equal((await ask(internalPort, '/admin/users')).body, 'admin');
  const elsewhere = await ask(gateway.port, '/admin/users');
  assert.equal(elsewhere.status, 404);
  assert.match(elsewhere.body, /"code":"route_not_found"/);
  assert.equal((await ask(internalPort, '/status')).body, 'status-inside');
  assert.equal((await ask(gateway.port, '/status')).body, 'status');
});

test('other methods, OPTIONS and preflights show nothing of a route where it does not hold', async () => {
  const preflight = 'Origin: https://a.test\r\nAccess-Control-Request-Method: POST\r\n';
  assert.deepEqual(await ask(internalPort, '/admin/users', 'DELETE').then(({ status, allow }) => [status, allow]), [
    405,
    'GET, HEAD, POST, OPTIONS',
  ]);
  assert.equal((await ask(internalPort, '/admin/users', 'OPTIONS')).status, 204);
  assert.equal((await ask(internalPort, '/admin/users', 'OPTIONS', preflight)).status, 204);
  assert.equal((await ask(internalPort, '/admin/users', 'HEAD')).status, 200);
  for (const method of ['DELETE', 'OPTIONS', 'HEAD']) {
    const { status, allow } = await ask(gateway.port, '/admin/users', method);
    assert.deepEqual([status, allow], [404, ''], method);
  }
  assert.equal((await ask(gateway.port, '/admin/users', 'OPTIONS', preflight)).status, 404);
  assert.doesNotMatch((await ask(gateway.port, '/admin/users', 'TRACE')).allow, /^GET, HEAD, POST, OPTIONS$/);
});

test('over HTTP/2 the same holds for each stream', async () => {
  for (const [port, status] of [
    [internalPort, 200],
    [gateway.port, 404],
  ] as const) {
    const client = await H2Client.open(port);
    client.headers(1, fieldsOf('/admin/a'));
    client.headers(3, fieldsOf('/status'));
    assert.equal((await client.answer(1)).status, status);
    assert.equal((await client.answer(3)).status, 200);
    client.close();
  }
});

test('a WebSocket opens at the listener of its route only', async () => {
  const opened = (port: number) =>
    new Promise<string>(resolve => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/sockets`);
      socket.on('message', text => {
        resolve(String(text));
        socket.close();
      });
      socket.on('error', error => resolve(error.message));
    });
  assert.equal(await opened(internalPort), 'hello');
  assert.match(await opened(gateway.port), /404/);
});

test('a route that also matches on the body knows its listener after the body has come', async () => {
  const body = '{"type":"order"}';
  assert.equal((await ask(internalPort, '/events', 'POST', '', body)).body, 'order');
  assert.equal((await ask(gateway.port, '/events', 'POST', '', body)).status, 404);
});

test('the client is whom a trusted proxy names, and nobody else can name one', async () => {
  const from = (address: string) => `X-Forwarded-For: ${address}\r\n`;
  assert.equal((await ask(gateway.port, '/status', 'GET', from('10.1.2.3'))).body, 'office');
  assert.equal((await ask(gateway.port, '/status', 'GET', from('11.1.2.3'))).body, 'status');
  assert.equal((await ask(gateway.port, '/status', 'GET', from('10.1.2.3, 11.1.2.3'))).body, 'status');
  assert.equal((await ask(internalPort, '/status', 'GET', from('10.1.2.3'))).body, 'status-inside');
});

test('the client is whom a PROXY header names', async () => {
  const asked = async (address: string) => {
    const pieces = [`PROXY TCP4 ${address} 127.0.0.1 5000 80\r\nGET /status HTTP/1.1\r\nHost: a.test\r\n\r\n`];
    const { received } = await sendRaw(balancedPort, pieces, { enough: hasAnswers(1), quietMs: 0 });
    return readAnswers(received)[0]?.body;
  };
  assert.equal(await asked('10.1.2.3'), 'office');
  assert.equal(await asked('11.1.2.3'), 'status');
});

test('explain says the same, for the listener and the client that are asked about', async () => {
  const explained = async (...args: string[]) => {
    const { said } = await runHere(explain, '-c', gateway.configPath, '--json', 'GET', ...args);
    const { route, outcome } = JSON.parse(said);
    return route ?? outcome;
  };
  assert.equal(await explained(`http://a.test:${internalPort}/status`), 'status-inside');
  assert.equal(await explained('http://a.test/status'), 'status');
  assert.equal(await explained('/status', '--listener', 'internal'), 'status-inside');
  assert.equal(await explained('/status', '--listener', `127.0.0.1:${internalPort}`), 'status-inside');
  assert.equal(await explained('/status', '--client', '10.1.2.3'), 'office');
  assert.equal(await explained('/admin/a', '--listener', 'public'), 'route_not_found');
  const { said } = await runHere(explain, '-c', gateway.configPath, 'GET', '/admin/a');
  assert.match(said, /^listener {2}public \(assumed; another one with --listener\)$/m);
  assert.match(said, /^client {4}192\.0\.2\.1 \(assumed/m);
  assert.match(said, /admin .* fails .* not so: listener is internal/);
  await assert.rejects(
    explained('/status', '--listener', 'interal'),
    /no listener "interal"; did you mean "internal"\?/,
  );
  await assert.rejects(explained('/status', '--client', 'office'), /"office" is not an IP address/);
});

test('routes are listed with their listeners and clients', async () => {
  const { said } = await runHere(routesCommand, '-c', gateway.configPath);
  assert.match(said, /^ROUTE +LISTENER +CLIENT +HOST/m);
  assert.match(said, /^status-inside +internal +\* +/m);
  assert.match(said, /^office +\* +10\.0\.0\.0\/8 +/m);
  const response = await fetch(`http://127.0.0.1:${gateway.adminPort}/routes`);
  // Because: this test is about the shape of the page.
  const { routes } = (await response.json()) as { routes: { name: string; listeners: string[]; clients: string[] }[] };
  const shown = routes.find(({ name }) => name === 'status-inside');
  assert.deepEqual([shown?.listeners, shown?.clients], [['internal'], []]);
});

test('a reload that exchanges the names moves the routes with them, on open connections as well', async () => {
  const target = 'GET /admin/a HTTP/1.1\r\nHost: a.test\r\n\r\n';
  const connection = await ClientConnection.open(gateway.port);
  connection.send(target);
  await connection.until(hasAnswers(1));
  const exchanged = (text: string) =>
    text
      .replace('name: public', 'name: other')
      .replace('name: internal', 'name: public')
      .replace('name: other', 'name: internal');
  await reloadWith(gateway, exchanged);
  connection.send(target);
  const received = await connection.until(hasAnswers(2));
  assert.deepEqual(
    readAnswers(received).map(({ status }) => status),
    [404, 200],
  );
  connection.socket.destroy();
  assert.equal((await ask(internalPort, '/admin/a')).status, 404);
  await reloadWith(gateway, exchanged);
  assert.equal((await ask(internalPort, '/admin/a')).status, 200);
});

test('requests on connections of a listener that moves to another address still find its routes', async () => {
  const newPort = await freePort();
  const move = (from: number, to: number) => (text: string) => text.replace(`127.0.0.1:${from}`, `127.0.0.1:${to}`);
  const client = await H2Client.open(internalPort);
  client.headers(1, fieldsOf('/admin/a'), false);
  const late = client.until(({ goaway }) => goaway !== null).then(() => client.headers(3, fieldsOf('/admin/a')));
  await Promise.all([reloadWith(gateway, move(internalPort, newPort)), late]);
  assert.equal((await client.answer(3)).status, 200);
  assert.equal((await ask(newPort, '/admin/a')).status, 200);
  client.close();
  await reloadWith(gateway, move(newPort, internalPort));
});

test('a deferred response is shown only at the listener of its route', async () => {
  backend.removeAllListeners('request');
  let finish = (): void => {};
  backend.on('request', (_request, response) => {
    finish = () => response.end('late');
  });
  const response = await fetch(`http://127.0.0.1:${internalPort}/slow`);
  assert.equal(response.status, 202);
  const location = response.headers.get('location') ?? '';
  finish();
  assert.equal((await ask(gateway.port, location)).status, 404);
  assert.ok([200, 202].includes((await ask(internalPort, location)).status));
});

test('a probe finds at each listener what holds there, and 404 for the rest', async () => {
  const port = await freePort();
  const guarded = await startGateway(`listeners:
  - { name: public, address: "127.0.0.1:{{port}}" }
  - { name: internal, address: "127.0.0.1:${port}" }
admin: { address: "127.0.0.1:{{adminPort}}" }
upstreams: { service: { endpoints: ["http://127.0.0.1:1"] } }
consumers: [{ name: acme, keys: [{ id: k1, hash: "sha256:${'0'.repeat(64)}" }] }]
routes:
  - { name: users, match: { path: /users/* }, filters: [{ apiKey: {} }], to: service }
  - { name: admin, match: { path: /admin/*, listener: internal }, filters: [{ apiKey: {} }], to: service }
  - { name: home, match: { path: /home }, filters: [{ apiKey: {} }], to: service }
  - { name: home-inside, match: { path: /home, listener: internal }, public: true, to: service }
  - { name: jobs, match: { path: /jobs/*, listener: internal }, public: true, to: service }
  - { name: desk, match: { path: /desk, client: 10.0.0.0/8 }, filters: [{ apiKey: {} }], to: service }
`);
  try {
    const probed = async (...args: string[]) => {
      const { code, said } = await runHere(audit, '-c', guarded.configPath, '--json', ...args);
      // Because: this test is about the shape of the report.
      const { probes, leftOut } = JSON.parse(said) as {
        probes: { route: string; probe: string; ok: boolean; message: string }[];
        leftOut: { route: string; reason: string }[];
      };
      assert.deepEqual(
        probes.filter(({ ok }) => !ok),
        [],
      );
      const of = (what: RegExp) => [...new Set(probes.filter(each => what.test(each.probe)).map(({ route }) => route))];
      const absent = /does not hold/;
      return { code, probed: of(/^no credential$/), absent: of(absent), leftOut: leftOut.map(({ route }) => route) };
    };
    assert.deepEqual(await probed('--probe', `http://127.0.0.1:${guarded.port}`), {
      code: 0,
      probed: ['users', 'home'],
      absent: ['admin', 'jobs'],
      leftOut: ['desk'],
    });
    assert.deepEqual(await probed('--probe', `http://127.0.0.1:${port}`), {
      code: 0,
      probed: ['users', 'admin'],
      absent: [],
      leftOut: ['home', 'desk'],
    });
    assert.deepEqual((await probed('--probe', `http://127.0.0.1:${guarded.port}`, '--listener', 'public')).absent, [
      'admin',
      'jobs',
    ]);
    const wrong = await runHere(
      audit,
      '-c',
      guarded.configPath,
      '--json',
      '--probe',
      `http://127.0.0.1:${guarded.port}`,
      '--listener',
      'internal',
    );
    assert.equal(wrong.code, 1);
  } finally {
    await guarded.stop();
  }
});
