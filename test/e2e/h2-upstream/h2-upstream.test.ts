// HTTP/2 towards upstreams, over real sockets with Node's own HTTP/2 servers behind: messages in both directions, many at once, and what is
// lost when streams and connections end early.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import {
  connect as connectHttp2,
  constants,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { type Engine, type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { sendRaw } from '../../support/raw-client.ts';

interface TestContext {
  after(fn: () => unknown): void;
}

type OnStream = (stream: ServerHttp2Stream, headers: Record<string, string>) => void;

interface Backend {
  readonly port: number;
  readonly sessions: ServerHttp2Session[];
  readonly server: Http2Server;
}

async function startBackend(t: TestContext, onStream: OnStream, settings = {}): Promise<Backend> {
  const server = createServer({ settings });
  const sessions: ServerHttp2Session[] = [];
  server.on('session', session => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    // Because: the streams of a server are of this type, and these requests have no field twice.
    onStream(stream as ServerHttp2Stream, headers as unknown as Record<string, string>);
  });
  const port = await listeningPort(server);
  t.after(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { port, sessions, server };
}

async function start(t: TestContext, onStream: OnStream, options: EngineOptions = {}, settings = {}) {
  const backend = await startBackend(t, onStream, settings);
  const engine = await startEngine([backend.port], {
    protocols: ['h2c', 'http/1.1'],
    ...options,
    upstream: { protocol: 'h2c', ...options.upstream },
  });
  t.after(() => engine.stop());
  return { engine, backend };
}

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
  readonly trailers?: Record<string, string>;
}

interface Got {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly trailers: NodeJS.Dict<string>;
  readonly body: Buffer;
  readonly informational: number[];
}

function ask({ port }: Engine, { method = 'GET', path = '/', headers = {}, body, trailers }: Sent = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const informational: number[] = [];
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, response => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          trailers: response.trailers,
          body: Buffer.concat(pieces),
          informational,
        }),
      );
    });
    request.on('information', ({ statusCode }) => informational.push(statusCode));
    request.on('error', reject);
    if (trailers !== undefined) {
      request.flushHeaders();
      request.addTrailers(trailers);
    }
    request.end(body);
  });
}

async function bodyOf(stream: ServerHttp2Stream): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

test('a request of HTTP/1.1 arrives as HTTP/2 has it, and its answer as HTTP/1.1 has it', async t => {
  let seen: Record<string, string> = {};
  const { engine } = await start(t, (stream, headers) => {
    seen = headers;
    stream.respond({ ':status': 203, 'x-answer': 'a', 'set-cookie': ['a=1', 'b=2'] });
    stream.end('hello');
  });
  const got = await ask(engine, {
    path: '/a/b?c=d',
    headers: { 'X-Upper': 'U', cookie: 'a=1; b=2', connection: 'x-hop, close', 'x-hop': '1' },
  });
  assert.equal(got.status, 203);
  assert.equal(got.body.toString(), 'hello');
  assert.deepEqual(got.headers['set-cookie'], ['a=1', 'b=2']);
  assert.equal(got.headers['x-answer'], 'a');
  assert.equal(seen[':method'], 'GET');
  assert.equal(seen[':path'], '/a/b?c=d');
  assert.equal(seen[':scheme'], 'http');
  assert.equal(seen[':authority'], `127.0.0.1:${engine.port}`);
  assert.equal(seen['x-upper'], 'U');
  assert.equal(seen['cookie'], 'a=1; b=2');
  assert.equal(seen['x-forwarded-for'], '127.0.0.1');
  assert.match(seen['x-request-id'] ?? '', /^[0-9a-f]{32}$/);
  assert.match(seen['traceparent'] ?? '', /^00-[0-9a-f]{32}-/);
  for (const name of ['host', 'connection', 'x-hop', 'transfer-encoding', 'te'])
    assert.equal(seen[name], undefined, name);
});

test('bodies, lengths and trailers pass both ways', async t => {
  let lengths: (string | undefined)[] = [];
  const { engine } = await start(t, (stream, headers) => {
    lengths.push(headers['content-length']);
    let trailer = '';
    stream.on('trailers', (fields: Record<string, string>) => {
      trailer = fields['x-sum'] ?? '';
    });
    void bodyOf(stream).then(body => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-back': trailer === '' ? 'none' : trailer }));
      stream.end(body);
    });
  });
  const body = Buffer.from('0123456789'.repeat(200_000));
  const whole = await ask(engine, { method: 'POST', body, headers: { 'content-length': String(body.length) } });
  assert.ok(whole.body.equals(body));
  assert.equal(whole.trailers['x-back'], 'none');
  const chunked = await ask(engine, {
    method: 'PUT',
    body,
    headers: { 'transfer-encoding': 'chunked', trailer: 'x-sum' },
    trailers: { 'x-sum': '42' },
  });
  assert.ok(chunked.body.equals(body));
  assert.equal(chunked.trailers['x-back'], '42');
  assert.deepEqual(lengths, [String(body.length), undefined]);
  lengths = [];
});

test('answers without a body end where they must', async t => {
  const { engine } = await start(t, (stream, headers) => {
    const status = Number(headers[':path']!.slice(1));
    if (headers[':method'] === 'HEAD') stream.respond({ ':status': 200, 'content-length': '5' }, { endStream: true });
    else if (status === 200) stream.respond({ ':status': 200, 'content-length': '0' }, { endStream: true });
    else stream.respond({ ':status': status }, { endStream: true });
  });
  const head = await ask(engine, { method: 'HEAD', path: '/200' });
  assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, '5', 0]);
  for (const status of [204, 304, 200, 404]) {
    const got = await ask(engine, { path: `/${status}` });
    assert.deepEqual([got.status, got.body.length], [status, 0]);
  }
});

test('interim answers are passed on', async t => {
  const { engine } = await start(t, stream => {
    stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
    stream.respond({ ':status': 200 });
    stream.end('x');
  });
  const got = await ask(engine);
  assert.deepEqual(got.informational, [103]);
  assert.equal(got.body.toString(), 'x');
});

test('many requests at once share one connection', async t => {
  let open = 0;
  let most = 0;
  const { engine, backend } = await start(t, (stream, headers) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      stream.respond({ ':status': 200 });
      stream.end(headers[':path']);
    }, 100);
  });
  const paths = Array.from({ length: 60 }, (_, i) => `/p${i}`);
  const got = await Promise.all(paths.map(path => ask(engine, { path })));
  assert.deepEqual(
    got.map(({ body }) => body.toString()),
    paths,
  );
  assert.equal(backend.sessions.length, 1);
  assert.equal(most, 60);
});

test('what one connection has no room for waits or gets another', async t => {
  const { engine, backend } = await start(
    t,
    stream => {
      setTimeout(() => {
        stream.respond({ ':status': 200 });
        stream.end('x');
      }, 20);
    },
    { pool: { maxConnections: 2 } },
    { maxConcurrentStreams: 3 },
  );
  await ask(engine);
  const got = await Promise.all(Array.from({ length: 40 }, () => ask(engine)));
  assert.ok(got.every(({ status }) => status === 200));
  assert.equal(backend.sessions.length, 2);
});

test('a slow reader slows the endpoint, and nothing is lost', async t => {
  const size = 20_000_000;
  let written = 0;
  const { engine } = await start(t, stream => {
    stream.respond({ ':status': 200 });
    const piece = Buffer.alloc(100_000, 'x');
    const write = (): void => {
      while (written < size) {
        written += piece.length;
        if (!stream.write(piece)) {
          stream.once('drain', write);
          return;
        }
      }
      stream.end();
    };
    write();
  });
  const request = httpRequest({ host: '127.0.0.1', port: engine.port, agent: false });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.pause();
  let before = -1;
  while (before !== written) {
    before = written;
    await new Promise(resolve => setTimeout(resolve, 200));
  }
  assert.ok(written < size, `the endpoint waits, having written ${written}`);
  let read = 0;
  for await (const piece of response as AsyncIterable<Buffer>) read += piece.length;
  assert.equal(read, size);
});

test('a stream that the endpoint breaks off is an aborted message, never a whole one', async t => {
  const { engine } = await start(t, stream => {
    stream.respond({ ':status': 200 });
    stream.write('half', () => stream.destroy(new Error('broken')));
  });
  await assert.rejects(ask(engine), /aborted|ECONNRESET|socket hang up/);
});

test('a client that leaves cancels its stream, and the connection serves on', async t => {
  const cancelled: number[] = [];
  const { engine, backend } = await start(t, (stream, headers) => {
    if (headers[':path'] === '/next') {
      stream.respond({ ':status': 200 });
      stream.end('next');
      return;
    }
    stream.on('close', () => cancelled.push(stream.rstCode));
    stream.respond({ ':status': 200 });
    stream.write('begin');
  });
  const request = httpRequest({ host: '127.0.0.1', port: engine.port, agent: false });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  const [session] = backend.sessions;
  request.socket!.resetAndDestroy();
  await eventually(() => cancelled.length > 0, 'the upstream is told');
  assert.deepEqual(cancelled, [constants.NGHTTP2_CANCEL]);
  assert.equal((await ask(engine, { path: '/next' })).body.toString(), 'next');
  assert.ok(!session!.closed);
});

test('a stream that was refused is sent again, whatever its method; a reset one only when it is safe', async t => {
  const attempts = new Map<string, number>();
  const { engine } = await start(t, (stream, headers) => {
    const path = headers[':path']!;
    const attempt = (attempts.get(path) ?? 0) + 1;
    attempts.set(path, attempt);
    if (path === '/refused' && attempt < 3) stream.close(constants.NGHTTP2_REFUSED_STREAM);
    else if (path === '/reset') stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    else
      void bodyOf(stream).then(body => {
        stream.respond({ ':status': 200 });
        stream.end(body);
      });
  });
  const got = await ask(engine, { method: 'POST', path: '/refused', body: 'once' });
  assert.deepEqual([got.status, got.body.toString(), attempts.get('/refused')], [200, 'once', 3]);
  const reset = await ask(engine, { method: 'POST', path: '/reset', body: 'once' });
  assert.deepEqual([reset.status, attempts.get('/reset')], [502, 1]);
  assert.match(reset.body.toString(), /upstream_reset/);
});

test('GOAWAY again and again under load loses nothing', async t => {
  const { engine, backend } = await start(t, (stream, headers) => {
    setTimeout(() => {
      if (stream.destroyed) return;
      stream.respond({ ':status': 200 });
      stream.end(headers[':path']);
    }, Math.random() * 10);
  });
  let going = true;
  const goaways = (async () => {
    for (let i = 0; i < 20; i++) {
      await new Promise(resolve => setTimeout(resolve, 30));
      for (const session of backend.sessions) if (!session.closed) session.close();
    }
    going = false;
  })();
  let answered = 0;
  const clients = Array.from({ length: 8 }, async (_, client) => {
    while (going) {
      const path = `/${client}-${answered++}`;
      const got = await ask(engine, { path });
      assert.equal(got.status, 200, got.body.toString());
      assert.equal(got.body.toString(), path);
    }
  });
  await Promise.all([goaways, ...clients]);
  assert.ok(backend.sessions.length >= 10, `${backend.sessions.length} connections`);
});

test('an endpoint that does not speak HTTP/2 is told apart at once', async t => {
  const server = (await import('node:net')).createServer(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  t.after(() => server.close());
  const engine = await startEngine([await listeningPort(server)], { upstream: { protocol: 'h2c' } });
  t.after(() => engine.stop());
  const got = await ask(engine);
  assert.match(got.body.toString(), /upstream_connect_failed/);
});

test('a WebSocket of an HTTP/1.1 client goes through an extended CONNECT where the endpoint takes one', async t => {
  const onStream: OnStream = (stream, headers) => {
    assert.equal(headers[':method'], 'CONNECT');
    assert.equal(headers[':protocol'], 'websocket');
    assert.equal(headers['sec-websocket-key'], undefined);
    // The length belongs to the upgrade request, which has no body; the tunnel has one.
    assert.equal(headers['content-length'], undefined);
    stream.respond({ ':status': 200 });
    // Masked frames of the client come back unmasked: enough of a WebSocket server for short texts.
    stream.on('data', (frame: Buffer) => {
      const length = frame[1]! & 127;
      const text = Buffer.from(frame.subarray(6, 6 + length).map((byte, i) => byte ^ frame[2 + (i & 3)]!));
      if ((frame[0]! & 15) === 8) stream.end(Buffer.concat([Buffer.of(0x88, length), text]));
      else stream.write(Buffer.concat([Buffer.of(frame[0]!, length), text]));
    });
  };
  const { engine } = await start(t, onStream, {}, { enableConnectProtocol: true });
  const headers = { 'Content-Length': '0' };
  const socket = new WebSocket(`ws://127.0.0.1:${engine.port}/chat`, { perMessageDeflate: false, headers });
  await once(socket, 'open');
  socket.send('hello');
  const [message] = (await once(socket, 'message')) as [Buffer];
  assert.equal(message.toString(), 'hello');
  socket.close(1000);
  await once(socket, 'close');
  const { engine: plain } = await start(t, stream => stream.respond({ ':status': 200 }, { endStream: true }));
  const refused = new WebSocket(`ws://127.0.0.1:${plain.port}/chat`);
  const [error] = (await once(refused, 'error')) as [Error];
  assert.match(error.message, /502/);
});

test('clients of HTTP/2 reach endpoints of HTTP/2', async t => {
  const { engine } = await start(t, (stream, headers) => {
    void bodyOf(stream).then(body => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(`${headers['te']} ${body.length}`);
    });
  });
  const session = connectHttp2(`http://127.0.0.1:${engine.port}`);
  t.after(() => session.close());
  const stream = session.request({
    ':method': 'POST',
    ':path': '/s/M',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  let trailers: Record<string, unknown> = {};
  stream.on('trailers', fields => {
    trailers = fields;
  });
  stream.end(Buffer.alloc(100_000));
  let text = '';
  for await (const piece of stream as AsyncIterable<Buffer>) text += piece.toString();
  assert.equal(text, 'trailers 100000');
  assert.equal(trailers['grpc-status'], '0');
});

test('an answer that its head ends has a length for HTTP/1.1, where it could have a body', async t => {
  const { engine } = await start(t, (stream, { ':path': path }) =>
    stream.respond({ ':status': Number(path!.slice(1)) }, { endStream: true }),
  );
  const ask = (method: string, status: number) => `${method} /${status} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const asked = ask('GET', 200) + ask('POST', 404) + ask('HEAD', 200) + ask('GET', 204) + ask('GET', 304);
  // All on one connection: a response without an end would hold up those after it.
  const { received } = await sendRaw(engine.port, [asked], {
    enough: bytes => bytes.toString('latin1').split('HTTP/1.1 ').length > 5,
  });
  const heads = received.toString('latin1').split('\r\n\r\n').slice(0, -1);
  assert.deepEqual(
    heads.map(head => [head.slice(9, 12), /content-length: (\d+)/i.exec(head)?.[1], /transfer-encoding/i.test(head)]),
    [
      ['200', '0', false],
      ['404', '0', false],
      ['200', undefined, false],
      ['204', undefined, false],
      ['304', undefined, false],
    ],
  );
});
