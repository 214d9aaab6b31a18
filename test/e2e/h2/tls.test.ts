// HTTP/2 over TLS: negotiated by ALPN, beside HTTP/1.1 on the same port; large bodies both ways, a client that does not read, drain.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { request } from 'node:https';
import { after, before, test } from 'node:test';
import { TestAuthority } from '../../support/certificates.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

const authority = new TestAuthority();
const size = 3_000_000;
const backend = createServer((incoming, response) => {
  let length = 0;
  let last = '';
  incoming.on('data', (chunk: Buffer) => {
    length += chunk.length;
    last = chunk.subarray(-4).toString();
  });
  incoming.on('end', () => {
    if (incoming.url === '/large') response.end(Buffer.alloc(size, 'x'));
    else response.end(`${incoming.headers['x-forwarded-proto']} ${length} ${last}`);
  });
});
let gateway: RunningGateway;
let session: ClientHttp2Session;
const options = { ca: '', servername: 'api.test' };

before(async () => {
  const { cert, key } = authority.issue('api', { names: ['DNS:api.test'] });
  options.ca = readFileSync(authority.ca, 'utf8');
  const port = await listeningPort(backend);
  gateway = await startGateway(`listeners:
  - address: 127.0.0.1:{{port}}
    tls: { certificates: [{ cert: ${cert}, key: ${key} }] }
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }
limits: { body: 10MiB }
upstreams: { backend: { endpoints: ["http://127.0.0.1:${port}"] } }
routes: [{ name: all, match: { path: /* }, public: true, to: backend }]
`);
  session = connect(`https://127.0.0.1:${gateway.port}`, options);
  await once(session, 'connect');
});

after(async () => {
  session.destroy();
  await gateway?.stop();
  backend.close();
  backend.closeAllConnections();
  authority.remove();
});

async function ask(path: string, body?: Buffer): Promise<{ status: unknown; body: Buffer }> {
  const stream = session.request({ ':path': path, ':method': body === undefined ? 'GET' : 'POST' });
  stream.end(body);
  let status: unknown;
  stream.on('response', headers => {
    status = headers[':status'];
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return { status, body: Buffer.concat(chunks) };
}

test('ALPN agrees on h2', async () => {
  assert.equal(session.alpnProtocol, 'h2');
  const { status, body } = await ask('/a');
  assert.deepEqual([status, body.toString()], [200, 'https 0 ']);
});

test('large bodies, both ways and side by side', async () => {
  const upload = Buffer.alloc(size, 'y');
  upload.write('last', size - 4);
  const answers = await Promise.all([ask('/up', upload), ask('/large'), ask('/up', upload), ask('/large')]);
  for (const at of [0, 2]) assert.equal(answers[at]!.body.toString(), `https ${size} last`);
  for (const at of [1, 3]) assert.equal(answers[at]!.body.length, size);
});

test('a stream that is not read holds back no other', async () => {
  const held = session.request({ ':path': '/large' });
  held.pause();
  await once(held, 'response');
  for (let round = 0; round < 5; round++) assert.equal((await ask('/large')).body.length, size);
  let received = 0;
  for await (const chunk of held) received += (chunk as Buffer).length;
  assert.equal(received, size);
});

test('HTTP/1.1 on the same port', async () => {
  const outgoing = request({
    port: gateway.port,
    host: '127.0.0.1',
    path: '/a',

    ...options,
  });
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [NodeJS.ReadableStream];
  let body = '';
  for await (const chunk of answer) body += String(chunk);
  assert.equal(body, 'https 0 ');
});

test('SIGTERM: what is open is finished, and GOAWAY says NO_ERROR', async () => {
  const goaway = once(session, 'goaway') as Promise<[number]>;
  const stream = session.request({ ':path': '/up', ':method': 'POST' });
  stream.write('abc');
  const stopped = gateway.stop();
  const [code] = await goaway;
  assert.equal(code, 0);
  stream.end('last');
  let body = '';
  for await (const chunk of stream) body += String(chunk);
  assert.equal(body, 'https 7 last');
  assert.equal(await stopped, 0);
});
