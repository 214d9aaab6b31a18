// WebSocket from HTTP/2 clients (RFC 8441) to HTTP/1.1 upstreams: node:http2 is the client, `ws` the server.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { after, before, describe, type TestContext, test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Engine, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { FrameType, frame, get, H2Client, webSocketConnect } from '../../support/h2-client.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { type RawHandlers, startRawBackend } from '../../support/raw-backend.ts';

const http = createServer((_request, response) => response.writeHead(426, { 'X-Why': 'no' }).end('upgrade required'));
const wss = new WebSocketServer({ noServer: true, handleProtocols: protocols => [...protocols][0] ?? false });
let engine: Engine;
let session: ClientHttp2Session;

before(async () => {
  http.on('upgrade', (request, socket, head) => {
    if (request.url === '/refuse') socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno!\n');
    else wss.handleUpgrade(request, socket, head, webSocket => wss.emit('connection', webSocket, request));
  });
  engine = await startEngine([await listeningPort(http)], { protocols: ['h2c'] });
  session = connect(`http://127.0.0.1:${engine.port}`);
  await once(session, 'remoteSettings');
});

after(async () => {
  session.destroy();
  for (const socket of wss.clients) socket.terminate();
  await engine.stop();
  wss.close();
  http.close();
  http.closeAllConnections();
});

/** A frame-level client, with its own engine before a raw backend. */
async function startRaw(t: TestContext, handlers: RawHandlers) {
  const backend = await startRawBackend(handlers);
  const own = await startEngine([backend.port], { protocols: ['h2c'] });
  const client = await H2Client.open(own.port);
  t.after(async () => {
    client.close();
    await own.stop();
    await backend.stop();
  });
  return { backend, client, own };
}

function ask(path: string, more: Record<string, string> = {}): ClientHttp2Stream {
  return session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': path,
    'sec-websocket-version': '13',
    'sec-websocket-protocol': 'one',
    ...more,
  });
}

/** A masked text frame of a client (RFC 6455 section 5.2), with a mask of zeroes. */
function text(message: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | message.length, 0, 0, 0, 0]), Buffer.from(message)]);
}

async function opened(): Promise<{ stream: ClientHttp2Stream; server: WebSocket; headers: Record<string, unknown> }> {
  const accepted = once(wss, 'connection');
  const stream = ask('/chat');
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  const [server] = (await accepted) as [WebSocket];
  return { stream, server, headers };
}

describe('extended CONNECT', () => {
  test('the server says that it is understood', () => {
    assert.equal(session.remoteSettings.enableConnectProtocol, true);
  });

  test('opens with a plain 200, and bytes pass both ways', async () => {
    const { stream, server, headers } = await opened();
    assert.equal(headers[':status'], 200);
    assert.equal(headers['sec-websocket-protocol'], 'one');
    for (const name of ['upgrade', 'connection', 'sec-websocket-accept']) assert.equal(headers[name], undefined, name);
    const heard = once(server, 'message');
    stream.write(text('from h2'));
    assert.equal(String((await heard)[0]), 'from h2');
    server.send('from h1');
    const [bytes] = (await once(stream, 'data')) as [Buffer];
    assert.equal(bytes.toString('latin1'), '\x81\x07from h1');
    stream.close();
    await once(server, 'close');
  });

  test('what the client sends ahead arrives once the tunnel is open', async () => {
    const accepted = once(wss, 'connection');
    const stream = ask('/chat');
    stream.write(text('early'));
    const [server] = (await accepted) as [WebSocket];
    assert.equal(String((await once(server, 'message'))[0]), 'early');
    stream.close();
    await once(server, 'close');
  });

  test('the end of either side is the end of the other', async () => {
    const first = await opened();
    first.stream.on('data', () => {});
    first.server.terminate();
    await once(first.stream, 'end');
    first.stream.end();
    await once(first.stream, 'close');
    const second = await opened();
    second.stream.on('data', () => {});
    second.stream.end();
    await once(second.server, 'close');
    await eventually(() => engine.gateway.inFlight === 0, 'the end of the tunnels');
  });

  test('a refusal of the upstream passes as it is', async () => {
    const stream = ask('/refuse');
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    assert.equal(headers[':status'], 403);
    let body = '';
    for await (const piece of stream) body += String(piece);
    assert.equal(body, 'no!\n');
  });

  test('one that announces a body is refused: an upstream that declines it would take the next request for that body', async () => {
    const client = await H2Client.open(engine.port);
    client.headers(1, webSocketConnect('/refuse', ['content-length', '11']), false);
    const refused = await client.answer(1);
    assert.equal(refused.status, 400);
    assert.match(refused.body, /invalid_upgrade/);
    // A length of 0 is no body: nothing follows that the upstream could take for one.
    client.headers(3, webSocketConnect('/refuse', ['content-length', '0']), false);
    assert.equal((await client.answer(3)).status, 403);
    client.close();
  });

  test('what a client says behind one that was declined reaches nobody: the upstream would take it for its next request', async t => {
    const { backend, client } = await startRaw(t, {
      onHead: ({ socket }, { path }) =>
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${path === '/part' ? 'a' : 'ok'}`),
    });
    client.headers(1, webSocketConnect('/part'), false);
    await client.until(() => client.seen(1).body === 'a');
    client.data(1, 'GET /smuggled HTTP/1.1\r\nHost: inside\r\n\r\n');
    // The response to this request shows that the data was read.
    client.headers(3, get('/other'));
    assert.equal((await client.answer(3)).body, 'ok');
    backend.connections[0]!.socket.write('b');
    assert.equal((await client.answer(1)).body, 'ab');
    assert.deepEqual(
      backend.requests.map(({ path }) => path),
      ['/part', '/other'],
    );
  });

  test('what is sent ahead costs the same in however many frames it comes', async t => {
    const { backend, client } = await startRaw(t, {});
    client.headers(1, webSocketConnect('/chat'), false);
    await eventually(() => backend.requests.length === 1, 'the request');
    const before = process.cpuUsage();
    client.send(
      Buffer.concat(Array<Buffer>(60_000).fill(frame(FrameType.data, 0, 1, 'x'))),
      frame(FrameType.ping, 0, 0, '12345678'),
    );
    await client.until(({ frames }) => frames.some(({ type }) => type === FrameType.ping));
    const { user, system } = process.cpuUsage(before);
    // It takes some 50 ms; the bound allows for slow and busy machines.
    assert.ok(user + system < 2_000_000, `${user + system} microseconds`);
  });

  test('an upstream that does not prove that it speaks WebSocket is not believed', async t => {
    const { backend, client, own } = await startRaw(t, {
      onRequest: ({ socket }) =>
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: wrong\r\n\r\n',
        ),
    });
    client.headers(1, webSocketConnect('/chat', ['sec-websocket-key', 'of-the-client']), false);
    const refused = await client.answer(1);
    assert.equal(refused.status, 502);
    assert.match(refused.body, /upstream_upgrade_refused/);
    const [line] = await own.accessLines();
    assert.equal(line!.code, 'upstream_upgrade_refused');
    const [seen] = backend.requests;
    assert.equal(seen!.line, 'GET /chat HTTP/1.1');
    assert.equal(seen!.header('upgrade'), 'websocket');
    assert.equal(seen!.header('connection'), 'Upgrade');
    assert.deepEqual(
      seen!.lines.filter(line => /of-the-client|:protocol/i.test(line)),
      [],
    );
    assert.equal(Buffer.from(seen!.header('sec-websocket-key')!, 'base64').length, 16);
    client.headers(3, get('/fixed'));
    assert.equal((await client.answer(3)).status, 200);
  });
});
