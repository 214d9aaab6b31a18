// Exchanges without a waiting client, with upstreams that speak HTTP/2: copies of live requests, from and to either protocol, and responses
// that take so long that they are fetched later.

import assert from 'node:assert/strict';
import { createServer as createHttp1 } from 'node:http';
import {
  type ClientHttp2Session,
  connect,
  createServer as createHttp2,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type TestContext, test } from 'node:test';
import { eventuallySeen } from '../../support/eventually.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { metricReaches } from '../../support/metric.ts';

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly body: string;
  readonly trailer: string;
}

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** A backend that records its requests. */
interface Backend {
  readonly port: number;
  readonly protocol: 'h2c' | 'http/1.1';
  readonly seen: Seen[];
  /** Returns the response, or a promise of it. */
  reply: (seen: Seen) => Promise<Reply> | Reply;
  /** Sends GOAWAY on every connection: requests in progress continue. */
  leave(): void;
  /** Cuts every connection. */
  cut(): void;
}

async function start(t: TestContext, protocol: Backend['protocol']): Promise<Backend> {
  const seen: Seen[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const backend: Backend = {
    port: 0,
    protocol,
    seen,
    reply: () => ({ status: 200, body: 'well' }),
    leave() {
      for (const session of sessions) session.goaway();
    },
    cut() {
      for (const session of sessions) session.destroy();
    },
  };
  const note = async (each: Seen): Promise<Reply> => {
    seen.push(each);
    return backend.reply(each);
  };
  const h2 = createHttp2();
  h2.on('session', session => {
    sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
  });
  h2.on('stream', async (given, headers: IncomingHttpHeaders) => {
    // Because: the streams of a server are of this type.
    const stream = given as ServerHttp2Stream;
    stream.on('error', () => {});
    let trailer = '';
    stream.on('trailers', trailers => {
      trailer = String(trailers['x-t'] ?? '');
    });
    let body = '';
    for await (const piece of stream as AsyncIterable<Buffer>) body += piece.toString();
    const { ':method': method = '', ':path': path = '', ...fields } = headers;
    const { status, body: answer } = await note({ method, path, fields, body, trailer });
    if (stream.destroyed) return;
    stream.respond({ ':status': status, 'x-from': 'backend' });
    stream.end(answer);
  });
  const h1 = createHttp1(async (request, response) => {
    let body = '';
    for await (const piece of request as AsyncIterable<Buffer>) body += piece.toString();
    const { method = '', url: path = '', headers: fields } = request;
    const told = await note({ method, path, fields, body, trailer: String(request.trailers['x-t'] ?? '') });
    response.writeHead(told.status, { 'x-from': 'backend' });
    response.end(told.body);
  });
  const server = protocol === 'h2c' ? h2 : h1;
  const port = await listeningPort(server);
  t.after(() => {
    for (const session of sessions) session.destroy();
    h1.closeAllConnections();
    server.close();
  });
  return Object.assign(backend, { port });
}

function upstream(name: string, { port, protocol }: Backend): string {
  return `  ${name}: { endpoints: ["http://127.0.0.1:${port}"], protocol: ${protocol} }\n`;
}

async function gatewayWith(t: TestContext, document: string): Promise<RunningGateway> {
  const gateway = await startGateway(
    `listeners:
  - { address: "127.0.0.1:{{port}}", protocols: [h2c, http/1.1] }
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }
consumers: [{ name: acme, keys: [{ id: k, hash: "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae" }] }]
${document}`,
    { workers: 1 },
  );
  t.after(() => gateway.stop());
  return gateway;
}

/** Sends a request over HTTP/2 with a body in two pieces, and a trailer. */
function call(
  session: ClientHttp2Session,
  path: string,
  body: string,
): Promise<{ status: number; location: string; body: string }> {
  return new Promise((resolve, reject) => {
    const stream = session.request(
      { ':method': 'POST', ':path': path, 'x-api-key': 'foo' },
      { endStream: false, waitForTrailers: true },
    );
    let answer = '';
    let status = 0;
    let location = '';
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-t': 'end' }));
    stream.on('response', headers => {
      status = headers[':status'] ?? 0;
      location = String(headers['location'] ?? '');
    });
    stream.on('data', (piece: Buffer) => {
      answer += piece.toString();
    });
    stream.on('error', reject);
    stream.on('close', () => resolve({ status, location, body: answer }));
    stream.write(body.slice(0, 1));
    stream.end(body.slice(1));
  });
}

const withoutHost = ({ fields: { host, ':authority': authority, ':scheme': scheme, ...fields }, ...rest }: Seen) => ({
  ...rest,
  fields: Object.fromEntries(
    Object.entries(fields).filter(([name]) => !['connection', 'transfer-encoding', 'te', 'trailer'].includes(name)),
  ),
});

for (const [live, shadow] of [
  ['http/1.1', 'h2c'],
  ['h2c', 'http/1.1'],
  ['h2c', 'h2c'],
] as const) {
  test(`a copy arrives as the live request did: ${live} copied to ${shadow}`, { timeout: 20_000 }, async t => {
    const [first, second] = [await start(t, live), await start(t, shadow)];
    const gateway = await gatewayWith(
      t,
      `upstreams:
${upstream('live', first)}${upstream('shadow', second)}routes:
  - name: users
    public: true
    match: { path: /* }
    to: live
    rewrite: { stripPrefix: /api }
    mirror: { upstream: shadow, compare: { headers: [x-from] } }
`,
    );
    const session = connect(`http://127.0.0.1:${gateway.port}`);
    t.after(() => session.destroy());
    for (let n = 1; n <= 3; n++) {
      const { status, body } = await call(session, `/api/orders?n=${n}`, `body ${n}`);
      assert.deepEqual([status, body], [200, 'well']);
      await eventuallySeen(
        () => second.seen.length,
        count => count === n,
        'the copy arrived',
      );
      assert.deepEqual(withoutHost(second.seen[n - 1]!), withoutHost(first.seen[n - 1]!));
      const { method, path, body: copied, trailer } = second.seen[n - 1]!;
      assert.deepEqual([method, path, copied, trailer], ['POST', `/orders?n=${n}`, `body ${n}`, 'end']);
    }
    const same = 'cardea_mirror_comparisons_total{route="users",result="same"}';
    await metricReaches(gateway, same, 3, 'three are the same');
    // The outcome of copies affects no client.
    second.reply = () => new Promise(() => {});
    assert.equal((await call(session, '/api/orders', 'x')).status, 200);
    await eventuallySeen(
      () => second.seen.length,
      count => count === 4,
      'a fourth copy',
    );
    second.cut();
    if (shadow === 'h2c')
      await metricReaches(
        gateway,
        'cardea_mirror_requests_total{route="users",outcome="failed"}',
        1,
        'one copy failed',
      );
    second.reply = () => ({ status: 500, body: 'ill' });
    assert.equal((await call(session, '/api/orders', 'x')).status, 200);
    await metricReaches(
      gateway,
      'cardea_mirror_comparisons_total{route="users",result="status_differs"}',
      1,
      'one status differs',
    );
    await metricReaches(gateway, 'cardea_requests_in_flight', 0, 'none is under way');
  });
}

async function deferring(t: TestContext, rest = '') {
  const backend = await start(t, 'h2c');
  const gateway = await gatewayWith(
    t,
    `upstreams:
${upstream('reports', backend)}routes:
  - name: reports
    match: { path: /reports }
    filters: [{ apiKey: {} }]
    to: reports
    async: { after: 100ms${rest} }
`,
  );
  const session = connect(`http://127.0.0.1:${gateway.port}`);
  t.after(() => session.destroy());
  /** Waits for the kept response. */
  const kept = (location: string): Promise<{ status: number; body: string }> =>
    eventuallySeen(
      async () => {
        const response = await fetch(`http://127.0.0.1:${gateway.port}${location}`, {
          headers: { 'x-api-key': 'foo' },
        });
        return { status: response.status, body: await response.text() };
      },
      ({ status }) => status !== 202,
      'the answer is there',
    );
  return { backend, gateway, session, kept };
}

test('an answer that takes long comes later, over HTTP/2 on both sides', { timeout: 20_000 }, async t => {
  const { backend, gateway, session, kept } = await deferring(t);
  const waiting: (() => void)[] = [];
  backend.reply = ({ body }) =>
    new Promise(resolve => waiting.push(() => resolve({ status: 201, body: `report of ${body}` })));
  const told = await Promise.all(['a1', 'b2', 'c3'].map(body => call(session, '/reports', body)));
  assert.deepEqual(
    told.map(({ status }) => status),
    [202, 202, 202],
  );
  // The old connection takes no more requests; those in progress on it complete all the same.
  backend.leave();
  for (const answer of waiting) answer();
  for (const [at, { location }] of told.entries()) {
    const { status, body } = await kept(location);
    assert.deepEqual([status, body], [201, `report of ${['a1', 'b2', 'c3'][at]}`]);
  }
  assert.equal(backend.seen.length, 3);
  await metricReaches(gateway, 'cardea_requests_in_flight', 0, 'none is under way');
  backend.reply = () => ({ status: 200, body: 'quick' });
  assert.equal((await call(session, '/reports', 'd')).body, 'quick');
});

test('an answer that never comes is a failure that is kept', { timeout: 20_000 }, async t => {
  const { backend, session, kept } = await deferring(t);
  backend.reply = () => new Promise(() => {});
  const { status, location } = await call(session, '/reports', 'a');
  assert.equal(status, 202);
  backend.cut();
  const later = await kept(location);
  assert.equal(later.status, 502);
  assert.match(later.body, /upstream_reset/);
});

test('a client that leaves after it was told takes nothing with it', { timeout: 20_000 }, async t => {
  const { backend, session, kept } = await deferring(t, ', size: 2MiB');
  let answer = (): void => {};
  const body = 'x'.repeat(1_500_000);
  backend.reply = () =>
    new Promise(resolve => {
      answer = () => resolve({ status: 200, body });
    });
  const { location } = await call(session, '/reports', 'a');
  session.destroy();
  answer();
  const later = await kept(location);
  assert.equal(later.status, 200);
  assert.ok(later.body === body);
});
