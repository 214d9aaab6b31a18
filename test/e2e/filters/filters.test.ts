// The filters together, as a user writes them: a document, the command, a real client and a real backend.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { after, before, test } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';
import { ask } from '../../support/filter-gateway.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

const page = Buffer.from('<p>A line of a page.</p>\n'.repeat(400));
let last: IncomingMessage | null = null;
const backend = createServer((request, response) => {
  last = request;
  request.resume().on('end', () => {
    response.writeHead(200, {
      'content-type': 'text/html',
      'content-length': page.length,
      server: 'secret/1.0',
      'access-control-allow-origin': '*',
    });
    response.end(page);
  });
});

let gateway: RunningGateway;

before(async () => {
  const port = await listeningPort(backend);
  gateway = await startGateway(`
upstreams:
  app: { endpoints: ["http://127.0.0.1:${port}"] }
filters:
  - requestId: { trust: always }
  - compress: { encodings: [br, gzip] }
  - idempotency: {}
routes:
  - name: items
    match: { path: "/items/{id}" }
    public: true
    filters:
      - cors: { origins: ["https://*.example.com"] }
      - bodyLimit: { max: 1KiB }
      - headers:
          request: { set: { x-item: "\${param.id}", x-from: "\${client.ip}" }, remove: [cookie] }
          response: { remove: [server], set: { x-route: "\${route}" } }
    to: app
  - { name: of-another-host, match: { host: another.test, path: "/items/{id}" }, public: true, to: app }
  - name: closed
    match: { path: /closed }
    public: true
    filters:
      - ipAccess: { deny: [127.0.0.0/8] }
    to: app
`);
});

after(async () => {
  await gateway?.stop();
  backend.closeAllConnections();
  backend.close();
});

test('all of them on one request', async () => {
  const headers = {
    'accept-encoding': 'br',
    origin: 'https://app.example.com',
    cookie: 'session=1',
    'x-request-id': 'from-the-client',
  };
  const answer = await ask(gateway.port, { path: '/items/42', headers });
  assert.equal(answer.status, 200);
  assert.ok(brotliDecompressSync(answer.body).equals(page));
  assert.equal(answer.headers['access-control-allow-origin'], 'https://app.example.com');
  assert.equal(answer.headers['x-request-id'], 'from-the-client');
  assert.equal(answer.headers['x-route'], 'items');
  assert.equal(answer.headers.server, undefined);
  assert.equal(last?.headers['x-item'], '42');
  assert.equal(last?.headers['x-from'], '127.0.0.1');
  assert.equal(last?.headers['x-request-id'], 'from-the-client');
  assert.equal(last?.headers.cookie, undefined);
});

test('an idempotency filter of all routes gives an answer again on its own route only', async () => {
  const post = async (host: string) => {
    const headers = { host, 'idempotency-key': 'k1' };
    const { status, headers: fields } = await ask(gateway.port, { method: 'POST', path: '/items/1', headers });
    return [status, fields['idempotency-replayed']];
  };
  assert.deepEqual(await post('one.test'), [200, undefined]);
  assert.deepEqual(await post('another.test'), [200, undefined]);
  assert.deepEqual(await post('one.test'), [200, 'true']);
});

test('a preflight is answered without the backend', async () => {
  last = null;
  const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'PUT' };
  const answer = await ask(gateway.port, { method: 'OPTIONS', path: '/items/42', headers });
  assert.equal(answer.status, 204);
  assert.equal(answer.headers['access-control-allow-origin'], 'https://app.example.com');
  assert.equal(last, null);
});

test('refusals pass back through the filters before', async () => {
  const headers = { origin: 'https://app.example.com' };
  const answer = await ask(gateway.port, { method: 'POST', path: '/items/42', headers, body: Buffer.alloc(1025) });
  assert.equal(answer.status, 413);
  assert.equal(JSON.parse(answer.body.toString()).requestId, answer.headers['x-request-id']);
  assert.equal(answer.headers['access-control-allow-origin'], 'https://app.example.com');
  assert.equal(answer.headers['x-route'], undefined);
});

test('an address that is denied', async () => {
  const answer = await ask(gateway.port, { path: '/closed' });
  assert.equal(answer.status, 403);
  assert.equal(JSON.parse(answer.body.toString()).code, 'access_denied');
});
