// HTTP/2 clients in front of HTTP/1.1 backends: heads, cookies, hosts, bodies, trailers, interim responses, aborts, in both directions.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type Engine, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import {
  block,
  type FieldList,
  Flag,
  FrameType,
  frame,
  get,
  H2Client,
  preface,
  request,
  settings,
  uint32,
} from '../../support/h2-client.ts';
import { type RawBackend, startRawBackend } from '../../support/raw-backend.ts';

const answers: Record<string, string> = {
  '/plain': 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Mixed-Case: Value\r\nContent-Length: 5\r\n\r\nhello',
  '/chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n',
  '/trailers':
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 42\r\nSet-Cookie: a=b\r\n\r\n',
  '/trailers-only': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 0\r\n\r\n',
  '/hop':
    'HTTP/1.1 200 OK\r\nConnection: x-named, keep-alive\r\nX-Named: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nContent-Length: 0\r\n\r\n',
  '/204': 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n',
  '/304': 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 5\r\n\r\n',
  '/early':
    'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  '/cookies': 'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n',
  '/malformed': 'HTTP/1.1 200 OK\r\nBad Header: 1\r\nContent-Length: 0\r\n\r\n',
  '/cut': 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf',
  '/cut-chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe',
  '/until-close': 'HTTP/1.1 200 OK\r\n\r\nuntil the end',
};
const ends = new Set(['/cut', '/cut-chunked', '/until-close']);

let backend: RawBackend;
let engine: Engine;
let client: H2Client;
let next = 1;

before(async () => {
  backend = await startRawBackend({
    onRequest({ socket }, { line, path, body }) {
      const known = answers[path.split('?')[0]!];
      if (path === '/hang') return;
      if (line.startsWith('HEAD')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n');
      else if (known === undefined)
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`, 'latin1');
      else if (ends.has(path)) socket.end(known);
      else socket.write(known);
    },
    onHead({ socket }, { path }) {
      if (path === '/early-answer') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno');
    },
  });
  engine = await startEngine([backend.port], { protocols: ['h2c', 'http/1.1'] });
});

after(async () => {
  client.close();
  await engine.stop();
  await backend.stop();
});

beforeEach(async () => {
  client?.close();
  client = await H2Client.open(engine.port);
  next = 1;
});

/** Sends a whole request and returns its response, with the head that the backend received. */
async function exchange(fields: FieldList, body?: string, trailers?: FieldList) {
  const stream = next;
  next += 2;
  const before = backend.requests.length;
  client.headers(stream, fields, body === undefined);
  if (body !== undefined) client.data(stream, body, trailers === undefined);
  if (trailers !== undefined) client.headers(stream, trailers);
  const answer = await client.answer(stream);
  return { ...answer, seen: backend.requests[before] };
}

const value = (fields: FieldList, name: string): string | undefined => fields.find(([each]) => each === name)?.[1];

describe('requests', () => {
  test('the head is one of HTTP/1.1, with Host, forwarding fields and the path as it came', async () => {
    const { seen, status } = await exchange(
      get('/plain?a=%20b', ['accept', '*/*'], ['priority', 'u=1, i'], ['te', 'trailers']),
    );
    assert.equal(status, 200);
    assert.equal(seen!.line, 'GET /plain?a=%20b HTTP/1.1');
    assert.equal(seen!.header('host'), 'gateway.test');
    assert.equal(seen!.header('accept'), '*/*');
    // RFC 9218: passed on.
    assert.equal(seen!.header('priority'), 'u=1, i');
    assert.equal(seen!.header('te'), undefined);
    assert.equal(seen!.header('via'), '2.0 cardea');
    assert.equal(seen!.header('x-forwarded-host'), 'gateway.test');
    assert.deepEqual(
      seen!.lines.filter(line => line.startsWith(':')),
      [],
    );
  });

  test('crumbs of cookies are one field', async () => {
    const { seen } = await exchange(
      get('/c', ['cookie', 'a=1'], ['x-between', '1'], ['cookie', 'b=2; c=3'], ['cookie', 'd=4']),
    );
    assert.deepEqual(
      seen!.lines.filter(line => /^cookie:/i.test(line)),
      ['cookie: a=1; b=2; c=3; d=4'],
    );
    assert.equal(seen!.header('x-between'), '1');
  });

  test('Host and :authority that agree are one; Host alone is enough', async () => {
    const both = await exchange(get('/h', ['host', 'GATEWAY.test']));
    assert.equal(both.seen!.lines.filter(line => /^host:/i.test(line)).length, 1);
    const alone = await exchange([
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/h'],
      ['host', 'alone.test'],
    ]);
    assert.equal(alone.seen!.header('host'), 'alone.test');
  });

  test('a body without a length goes on in chunks, with its trailers', async () => {
    const { seen, body } = await exchange(request('POST', '/echo'), 'hello', [
      ['x-sum', '7'],
      ['authorization', 'no'],
    ]);
    assert.equal(body, 'hello');
    assert.equal(seen!.header('transfer-encoding'), 'chunked');
    assert.equal(seen!.header('content-length'), undefined);
    assert.equal(seen!.trailers, 'x-sum: 7');
  });

  test('a body with a length keeps it', async () => {
    const { seen, body } = await exchange(request('PUT', '/echo', ['content-length', '5']), 'hello');
    assert.equal(body, 'hello');
    assert.equal(seen!.header('content-length'), '5');
    assert.equal(seen!.header('transfer-encoding'), undefined);
  });

  test('POST that ends with its head has length 0; GET has none', async () => {
    assert.equal((await exchange(request('POST', '/echo'))).seen!.header('content-length'), '0');
    assert.equal((await exchange(get('/echo'))).seen!.header('content-length'), undefined);
  });

  test('an empty body that ends with DATA', async () => {
    const { seen, status } = await exchange(request('POST', '/echo'), '');
    assert.deepEqual([status, seen!.body], [200, '']);
  });

  test('a large body passes both ways through small windows', async () => {
    const payload = 'x'.repeat(400_000);
    client.headers(1, request('POST', '/echo'), false);
    for (let at = 0; at < payload.length; at += 16_384) {
      // The window of the stream is 64 KiB: what was sent is given back by WINDOW_UPDATE.
      await client.until(({ frames }) => {
        const given = frames
          .filter(({ type, stream }) => type === FrameType.windowUpdate && stream === 1)
          .reduce((sum, { payload: bytes }) => sum + bytes.readUInt32BE(0), 65_536);
        return given >= Math.min(at + 16_384, payload.length);
      });
      client.data(1, payload.slice(at, at + 16_384), at + 16_384 >= payload.length);
    }
    // The client's own window is 65,535, for the stream and for the connection.
    await client.until(() => client.seen(1).body.length === 65_535);
    client.send(frame(FrameType.windowUpdate, 0, 1, uint32(200_000)));
    client.send(frame(FrameType.windowUpdate, 0, 0, uint32(100_000)));
    await client.until(() => client.seen(1).body.length === 165_535);
    client.send(frame(FrameType.windowUpdate, 0, 0, uint32(1_000_000)));
    await client.until(() => client.seen(1).body.length === 265_535);
    client.send(frame(FrameType.windowUpdate, 0, 1, uint32(1_000_000)));
    const answer = await client.answer(1);
    assert.equal(answer.body, payload);
    assert.equal(answer.ended, true);
    assert.ok(client.frames.every(({ payload: bytes }) => bytes.length <= 16_384));
  });

  test('Expect: 100-continue is answered by the backend, once', async () => {
    client.headers(1, request('POST', '/early', ['expect', '100-continue'], ['content-length', '2']), false);
    client.data(1, 'ab', true);
    const { interim, status } = await client.answer(1);
    assert.equal(status, 200);
    assert.deepEqual(
      interim.map(fields => fields[0]![1]),
      ['103', '100'],
    );
  });

  test('a repeated request is the same to the backend each time', async () => {
    const fields = get('/again', ['cookie', 'a=1'], ['x-request-id', 'stranger'], ['x-forwarded-for', '1.2.3.4']);
    const lines: string[][] = [];
    for (let round = 0; round < 4; round++) {
      const { seen } = await exchange(fields);
      lines.push(seen!.lines.filter(line => !/^(x-request-id|traceparent):/i.test(line)));
      assert.notEqual(seen!.header('x-request-id'), 'stranger');
    }
    for (const each of lines) assert.deepEqual(each, lines[0]);
    assert.equal(lines[0]!.filter(line => /^x-forwarded-for:/i.test(line)).join(), 'X-Forwarded-For: 127.0.0.1');
  });
});

describe('answers', () => {
  test('names are in lower case, fields of the connection are gone', async () => {
    const plain = await exchange(get('/plain'));
    assert.equal(plain.body, 'hello');
    assert.equal(value(plain.headers, 'x-mixed-case'), 'Value');
    assert.equal(value(plain.headers, 'content-length'), '5');
    const hop = await exchange(get('/hop'));
    for (const name of ['connection', 'keep-alive', 'x-named', 'proxy-connection'])
      assert.equal(value(hop.headers, name), undefined, name);
    assert.ok(hop.headers.every(([name]) => name === name.toLowerCase()));
  });

  test('chunks become a body without a length, and trailers trailers', async () => {
    const chunked = await exchange(get('/chunked'));
    assert.deepEqual([chunked.body, chunked.trailers, chunked.ended], ['hello world', null, true]);
    assert.equal(value(chunked.headers, 'transfer-encoding'), undefined);
    const trailers = await exchange(get('/trailers'));
    assert.deepEqual([trailers.body, trailers.trailers], ['ok', [['x-sum', '42']]]);
    const only = await exchange(get('/trailers-only'));
    assert.deepEqual([only.body, only.trailers], ['', [['x-sum', '0']]]);
  });

  test('HEAD, 204 and 304 end with their heads', async () => {
    for (const [fields, status, length] of [
      [request('HEAD', '/plain'), 200, '500'],
      [get('/204'), 204, undefined],
      [get('/304'), 304, '5'],
    ] as const) {
      const answer = await exchange(fields);
      assert.deepEqual([answer.status, answer.body, answer.ended], [status, '', true]);
      assert.equal(value(answer.headers, 'content-length'), length);
      assert.equal(client.frames.filter(({ type }) => type === FrameType.data).length, 0);
    }
  });

  test('each Set-Cookie stands for itself', async () => {
    const { headers } = await exchange(get('/cookies'));
    assert.deepEqual(
      headers.filter(([name]) => name === 'set-cookie').map(([, text]) => text),
      ['a=1', 'b=2'],
    );
  });

  test('an interim answer passes, 100 only for who asked', async () => {
    const { interim, status } = await exchange(get('/early'));
    assert.equal(status, 200);
    assert.deepEqual(interim, [
      [
        [':status', '103'],
        ['link', '</a.css>; rel=preload'],
      ],
    ]);
  });

  test('a body until close ends the stream when it was not cut', async () => {
    const { body, ended, reset } = await exchange(get('/until-close'));
    assert.deepEqual([body, ended, reset], ['until the end', true, null]);
  });

  test('an answer that breaks off ends with INTERNAL_ERROR, never with END_STREAM', async () => {
    for (const path of ['/cut', '/cut-chunked']) {
      const { ended, reset, status } = await exchange(get(path));
      assert.deepEqual([status, ended, reset], [200, false, 2], path);
    }
    assert.equal(client.closed, false);
  });

  test('a malformed answer is 502, and nothing of it is shown', async () => {
    const { status, headers, body } = await exchange(get('/malformed'));
    assert.equal(status, 502);
    assert.equal(value(headers, 'content-type'), 'application/problem+json');
    assert.equal(JSON.parse(body).code, 'upstream_malformed_response');
  });

  test('the gateway’s own answers', async () => {
    assert.equal((await exchange(get('/fixed'))).body, 'fixed\n');
    const post = await exchange(request('POST', '/fixed'), 'some');
    assert.equal(post.body, 'fixed\n');
  });

  test('an answer before the end of the request ends with NO_ERROR a while behind it', async () => {
    const since = performance.now();
    client.headers(1, request('POST', '/early-answer'), false);
    client.data(1, 'begin');
    await client.until(() => client.seen(1).reset !== null);
    const answer = client.seen(1);
    assert.deepEqual([answer.body, answer.ended, answer.reset], ['no', true, 0]);
    assert.ok(performance.now() - since > 900);
    // Bytes that were still on their way are ignored.
    client.data(1, 'more', true);
    client.headers(3, get('/plain'));
    assert.equal((await client.answer(3)).body, 'hello');
  });
});

test('a stream of events flows at once, piece by piece, both ways', async () => {
  client.headers(1, request('POST', '/hang'), false);
  client.data(1, 'one');
  await eventually(() => engine.gateway.inFlight === 1, 'the exchange');
  const { socket } = backend.connections.at(-1)!;
  socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n');
  await client.until(() => client.seen(1).status === 200);
  for (let at = 1; at <= 5; at++) {
    socket.write(`9\r\ndata: ${at}\n\n\r\n`);
    await client.until(() => client.seen(1).body.endsWith(`data: ${at}\n\n`));
    const heard = once(socket, 'data') as Promise<[Buffer]>;
    client.data(1, `more ${at}`);
    assert.match(String((await heard)[0]), new RegExp(`more ${at}`));
  }
  socket.write('0\r\n\r\n');
  client.data(1, '', true);
  const answer = await client.answer(1);
  assert.deepEqual([answer.ended, answer.reset], [true, null]);
});

test('an answer before a request that is all but here is followed by no reset', async () => {
  client.headers(1, request('POST', '/fixed', ['content-length', '100000']), false);
  assert.equal((await client.answer(1)).body, 'fixed\n');
  for (let sent = 0; sent < 100_000; sent += 10_000) {
    // More than the window: bytes that are discarded are given back by WINDOW_UPDATE.
    await client.until(
      ({ frames }) =>
        frames
          .filter(({ type, stream }) => type === FrameType.windowUpdate && stream === 1)
          .reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 65_536) >=
        sent + 10_000,
    );
    client.data(1, Buffer.alloc(10_000), sent === 90_000);
  }
  client.headers(3, get('/plain'));
  assert.equal((await client.answer(3)).body, 'hello');
  assert.equal(client.seen(1).reset, null);
  assert.equal(engine.gateway.connections, 1);
});

describe('aborts', () => {
  test('a client’s reset closes the upstream’s connection', async () => {
    client.headers(1, get('/hang'));
    await eventually(() => backend.requests.some(({ path }) => path === '/hang'), 'the request at the backend');
    const { socket } = backend.connections.at(-1)!;
    const closed = once(socket, 'close');
    client.send(frame(FrameType.reset, 0, 1, uint32(8)));
    await closed;
    await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchanges');
    client.headers(3, get('/plain'));
    assert.equal((await client.answer(3)).body, 'hello');
  });

  test('a client that is gone takes all its requests along', async () => {
    for (const stream of [1, 3, 5]) client.headers(stream, get('/hang'));
    await eventually(() => engine.gateway.inFlight === 3, 'the end of the exchanges');
    client.socket.resetAndDestroy();
    await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchanges');
    await eventually(() => engine.workerCell('connectionsOpen') === 0, 'the end of the exchanges');
  });

  test('a length that lies ends the stream, and the upstream’s request is cut', async () => {
    for (const [announced, sent] of [
      ['3', 'four'],
      ['5', 'four'],
    ] as const) {
      const own = await H2Client.open(engine.port);
      own.headers(1, request('POST', '/echo', ['content-length', announced]), false);
      own.data(1, sent, true);
      const { reset, status } = await own.answer(1);
      assert.deepEqual([reset, status], [1, 0]);
      own.close();
    }
    assert.ok(!backend.requests.some(({ body }) => body === 'four' || body === 'fou'));
    assert.equal(engine.refusals('invalid_content_length'), 2);
  });

  test('a length with a head that ends the stream lies, too', async () => {
    const { reset } = await exchange(request('POST', '/echo', ['content-length', '3']));
    assert.equal(reset, 1);
  });
});

describe('mixed protocols on one port', () => {
  test('HTTP/1.1, byte by byte as well', async () => {
    const { sendRaw } = await import('../../support/raw-client.ts');
    const text = 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi';
    for (const pieces of [[text], [...text]]) {
      const { received } = await sendRaw(engine.port, pieces, { enough: bytes => bytes.includes('\r\n\r\nhi') });
      assert.match(received.toString(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nhi$/);
    }
  });

  test('the preface byte by byte', async () => {
    const own = new H2Client(engine.port);
    const bytes = Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      frame(FrameType.settings, 0, 0),
      frame(FrameType.headers, Flag.endHeaders | Flag.endStream, 1, block(get('/plain'))),
    ]);
    for (const byte of bytes) {
      own.send(Buffer.from([byte]));
      await new Promise(resolve => setImmediate(resolve));
    }
    assert.equal((await own.answer(1)).body, 'hello');
    own.close();
  });
});

test('a body that sets out before the client knows our window may be as long as the default one', async t => {
  const own = await startEngine([backend.port], { protocols: ['h2c'], http2: { initialWindow: 16_384 } });
  const early = new H2Client(own.port);
  t.after(async () => {
    early.close();
    await own.stop();
  });
  const piece = 'x'.repeat(15_000);
  early.send(preface, frame(FrameType.settings, 0, 0, settings()));
  early.headers(1, request('POST', '/echo'), false);
  for (let count = 1; count <= 4; count++) early.data(1, piece, count === 4);
  const { reset, body } = await early.answer(1);
  assert.deepEqual([reset, body.length], [null, 60_000]);
});
