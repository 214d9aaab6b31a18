// How messages end, in both directions: lengths, chunks with trailers, close, responses without a body, HTTP/1.0 on either side.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readAnswers } from '../../support/answers.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { type Engine, startEngine } from '../../support/engine-gateway.ts';
import { type RawBackend, type RawRequest, startRawBackend } from '../../support/raw-backend.ts';
import { sendRaw } from '../../support/raw-client.ts';

/** The backend's responses by path; `end` closes the connection after the response. */
const answers: Record<string, { readonly bytes: string; readonly end?: boolean }> = {
  '/length': { bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello' },
  '/empty': { bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
  '/chunked': {
    bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n',
  },
  '/trailers': {
    bytes:
      'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 42\r\nSet-Cookie: a=b\r\n\r\n',
  },
  '/chunked-empty': { bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n' },
  '/until-close': { bytes: 'HTTP/1.1 200 OK\r\n\r\nuntil the end', end: true },
  '/until-close-empty': { bytes: 'HTTP/1.1 200 OK\r\n\r\n', end: true },
  '/old': { bytes: 'HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold', end: true },
  '/old-kept': { bytes: 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nold' },
  '/old-until-close': { bytes: 'HTTP/1.0 200 OK\r\n\r\nold until the end', end: true },
  '/204': { bytes: 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n' },
  '/304': { bytes: 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 5\r\n\r\n' },
};

/** Responses to HEAD: their framing headers describe what GET would return. */
const headAnswers: Record<string, string> = {
  '/length': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
  '/chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  '/until-close': 'HTTP/1.1 200 OK\r\n\r\n',
};

let backend: RawBackend;
let engine: Engine;

before(async () => {
  backend = await startRawBackend({
    onRequest(connection, request) {
      if (request.path === '/echo') {
        connection.socket.write(
          `HTTP/1.1 200 OK\r\nContent-Length: ${request.body.length}\r\n\r\n${request.body}`,
          'latin1',
        );
        return;
      }
      if (request.line.startsWith('HEAD ')) {
        connection.socket.write(headAnswers[request.path]!);
        return;
      }
      const { bytes, end = false } = answers[request.path]!;
      if (end) connection.socket.end(bytes);
      else connection.socket.write(bytes);
    },
  });
  engine = await startEngine([backend.port]);
});
after(async () => {
  await engine.stop();
  await backend.stop();
});

function request(method: string, path: string, version = '1.1', lines = ''): string {
  return `${method} ${path} HTTP/${version}\r\nHost: test\r\n${lines}\r\n`;
}

function lastRequest(): RawRequest {
  return backend.requests.at(-1)!;
}

const bodies: Record<string, string> = {
  '/length': 'hello',
  '/empty': '',
  '/chunked': 'hello world',
  '/trailers': 'hello',
  '/chunked-empty': '',
  '/until-close': 'until the end',
  '/until-close-empty': '',
  '/old': 'old',
  '/old-kept': 'old',
  '/old-until-close': 'old until the end',
  '/204': '',
  '/304': '',
};

describe('answers to HTTP/1.1', () => {
  test('each ends where it should, and the connection serves the next', async () => {
    const client = await ClientConnection.open(engine.port);
    let count = 0;
    for (const [path, body] of Object.entries(bodies)) {
      client.send(request('GET', path));
      const answer = (await client.answers(++count)).at(-1)!;
      assert.equal(answer.body, body, path);
      assert.equal(answer.headers.has('connection'), false, path);
      const framed = answer.headers.has('content-length') !== answer.headers.has('transfer-encoding');
      assert.equal(framed, path !== '/204', `${path} has one framing field`);
    }
    assert.equal(client.ended, null);
    client.destroy();
  });

  test('an HTTP/1.0 answer goes on as HTTP/1.1', async () => {
    const { received } = await sendRaw(engine.port, [request('GET', '/old')], {
      quietMs: 20,
      enough: b => b.length > 40,
    });
    assert.match(received.toString('latin1'), /^HTTP\/1\.1 200 /);
  });

  test('trailers pass, those that mean something to a recipient do not', async () => {
    const client = await ClientConnection.open(engine.port);
    client.send(request('GET', '/trailers', '1.1', 'TE: trailers\r\n'));
    await client.answers(1);
    const text = client.received.toString('latin1');
    assert.match(text, /\r\n0\r\nX-Sum: 42\r\n\r\n$/);
    assert.doesNotMatch(text, /Set-Cookie/);
    client.destroy();
  });

  test('304 keeps the length of what it stands for', async () => {
    const client = await ClientConnection.open(engine.port);
    client.send(request('GET', '/304'));
    const [answer] = await client.answers(1);
    assert.equal(answer!.status, 304);
    assert.deepEqual(answer!.headers.get('content-length'), ['5']);
    client.destroy();
  });

  test('HEAD: fields without a body, and the connections stay', async () => {
    const client = await ClientConnection.open(engine.port);
    const methods: string[] = [];
    for (const path of Object.keys(headAnswers)) {
      methods.push('HEAD', 'GET');
      client.send(request('HEAD', path));
      client.send(request('GET', '/length'));
      const all = await client.answers(methods.length, methods);
      assert.equal(all.at(-2)!.status, 200, path);
      assert.equal(all.at(-1)!.body, 'hello', path);
      if (path === '/length') assert.deepEqual(all.at(-2)!.headers.get('content-length'), ['5']);
    }
    client.send(request('HEAD', '/fixed'));
    methods.push('HEAD');
    const fixed = (await client.answers(methods.length, methods)).at(-1)!;
    assert.deepEqual(fixed.headers.get('content-length'), ['6']);
    client.destroy();
  });
});

describe('requests', () => {
  const payload = 'The quick brown fox';

  test('with a length', async () => {
    const client = await ClientConnection.open(engine.port);
    client.send(request('POST', '/echo', '1.1', `Content-Length: ${payload.length}\r\n`) + payload);
    const [answer] = await client.answers(1);
    assert.equal(answer!.body, payload);
    assert.equal(lastRequest().header('content-length'), String(payload.length));
    assert.equal(lastRequest().header('transfer-encoding'), undefined);
    client.destroy();
  });

  test('without one, and an empty POST', async () => {
    const client = await ClientConnection.open(engine.port);
    client.send(request('POST', '/echo', '1.1', 'Content-Length: 0\r\n'));
    await client.answers(1);
    assert.equal(lastRequest().header('content-length'), '0');
    client.send(request('POST', '/echo'));
    await client.answers(2);
    assert.equal(lastRequest().body, '');
    client.destroy();
  });

  test('chunked with trailers; those that could frame or route are taken out', async () => {
    const client = await ClientConnection.open(engine.port);
    client.send(request('POST', '/echo', '1.1', 'Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n'));
    client.send('3\r\nabc\r\n');
    client.send('2;note="x"\r\nde\r\n0\r\nX-Sum: 7\r\nAuthorization: no\r\n\r\n');
    const [answer] = await client.answers(1);
    assert.equal(answer!.body, 'abcde');
    assert.equal(lastRequest().header('transfer-encoding'), 'chunked');
    assert.equal(lastRequest().trailers, 'X-Sum: 7');
    client.destroy();
  });

  for (const framing of ['length', 'chunked'] as const) {
    test(`a body byte by byte (${framing})`, async () => {
      const client = await ClientConnection.open(engine.port);
      const whole =
        framing === 'length'
          ? request('PUT', '/echo', '1.1', `Content-Length: ${payload.length}\r\n`) + payload
          : `${request('PUT', '/echo', '1.1', 'Transfer-Encoding: chunked\r\n')}5\r\n${payload.slice(0, 5)}\r\ne\r\n${payload.slice(5)}\r\n0\r\nX-T: 1\r\n\r\n`;
      for (const byte of whole) {
        client.send(byte);
        await new Promise(resolve => setImmediate(resolve));
      }
      const [answer] = await client.answers(1);
      assert.equal(answer!.body, payload);
      client.send(request('GET', '/length'));
      assert.equal((await client.answers(2))[1]!.body, 'hello');
      client.destroy();
    });
  }
});

describe('HTTP/1.0 clients', () => {
  test('without keep-alive: every answer ends with the connection, and none is chunked', async () => {
    for (const [path, body] of Object.entries(bodies)) {
      const { received, closed, reset } = await sendRaw(engine.port, [request('GET', path, '1.0')]);
      const [answer] = readAnswers(received, [], true);
      assert.equal(answer!.body, body, path);
      assert.equal(answer!.headers.has('transfer-encoding'), false, path);
      assert.deepEqual(answer!.headers.get('connection'), ['close'], path);
      assert.ok(closed && !reset, path);
    }
  });

  test('with keep-alive: kept behind a length, closed behind an unknown one', async () => {
    const client = await ClientConnection.open(engine.port);
    const old = (path: string): string => request('GET', path, '1.0', 'Connection: keep-alive\r\n');
    client.send(old('/length'));
    const [first] = await client.answers(1);
    assert.deepEqual(first!.headers.get('connection'), ['keep-alive']);
    client.send(old('/empty') + old('/204'));
    assert.equal((await client.answers(3))[2]!.status, 204);
    client.send(old('/chunked'));
    assert.equal(await client.end(), 'fin');
    const last = readAnswers(client.received, [], true).at(-1)!;
    assert.equal(last.body, 'hello world');
    assert.deepEqual(last.headers.get('connection'), ['close']);
  });

  test('a POST with a length', async () => {
    const { received, closed } = await sendRaw(engine.port, [
      request('POST', '/echo', '1.0', 'Content-Length: 3\r\n'),
      'abc',
    ]);
    assert.equal(readAnswers(received)[0]!.body, 'abc');
    assert.ok(closed);
  });

  test('without Host: the endpoint stands in', async () => {
    const { received } = await sendRaw(engine.port, ['GET /length HTTP/1.0\r\n\r\n']);
    assert.equal(readAnswers(received)[0]!.status, 200);
    assert.equal(lastRequest().header('host'), `127.0.0.1:${backend.port}`);
  });
});

test('upstream connections: kept by what the answer says', async t => {
  const own = await startEngine([backend.port]);
  t.after(() => own.stop());
  const client = await ClientConnection.open(own.port);
  const opened = backend.connections.length;
  const used: number[] = [];
  let count = 0;
  for (const path of ['/length', '/old-kept', '/chunked', '/old', '/length', '/until-close', '/length']) {
    client.send(request('GET', path));
    await client.answers(++count);
    used.push(backend.connections.length - opened);
  }
  assert.deepEqual(used, [1, 1, 1, 1, 2, 2, 3]);
  client.destroy();
});
