// One client connection over its life: pipelined requests, half-closed clients, requests per connection, number of connections, drain.

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readAnswers } from '../../support/answers.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { type Engine, type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { type RawBackend, startRawBackend } from '../../support/raw-backend.ts';
import { sendRaw } from '../../support/raw-client.ts';

let backend: RawBackend;
let engine: Engine;

/** `/after/50/x` is answered with `/after/50/x` after 50 ms, `/now` at once. */
before(async () => {
  backend = await startRawBackend({
    onRequest(connection, { path, body }) {
      const answer = (): void => {
        const text = `${path}${body}`;
        connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
      };
      const wait = Number(/^\/after\/(\d+)/.exec(path)?.[1] ?? 0);
      if (wait === 0) answer();
      else setTimeout(answer, wait).unref();
    },
  });
  engine = await startEngine([backend.port]);
});
after(async () => {
  await engine.stop();
  await backend.stop();
});

async function engineFor(t: { after(end: () => Promise<void>): void }, options: EngineOptions): Promise<Engine> {
  const own = await startEngine([backend.port], options);
  t.after(() => own.stop());
  return own;
}

function get(path: string, lines = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: test\r\n${lines}\r\n`;
}

test('a request that came in time is answered, however long the gateway was busy before it looked', async t => {
  const own = await engineFor(t, { limits: { keepAliveTimeoutMs: 200 } });
  const client = await ClientConnection.open(own.port);
  client.send(get('/fixed'));
  await client.answers(1);
  client.send(get('/fixed'));
  // The gateway runs on this thread: the request waits in its socket, and the idle time is over by the time the gateway can read.
  for (const until = performance.now() + 400; performance.now() < until; );
  assert.equal((await client.answers(2))[1]?.body, 'fixed\n');
  client.destroy();
});

describe('pipelined requests', () => {
  test('are answered in order, slow and fast, ours and the upstream’s', async () => {
    const paths = ['/after/80/a', '/fixed', '/now', '/after/20/b', '/fixed', '/fixed', '/after/5/c', '/now'];
    const client = await ClientConnection.open(engine.port);
    client.send(paths.map(path => get(path)).join(''));
    const answers = await client.answers(paths.length);
    assert.deepEqual(
      answers.map(answer => answer.body),
      paths.map(path => (path === '/fixed' ? 'fixed\n' : path)),
    );
    client.destroy();
  });

  test('with bodies between them', async () => {
    const client = await ClientConnection.open(engine.port);
    const post = (path: string, body: string): string =>
      `POST ${path} HTTP/1.1\r\nHost: test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    client.send(
      post('/after/30/', 'one') +
        post('/fixed', 'ignored') +
        `PUT /now/ HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n` +
        get('/now'),
    );
    const answers = await client.answers(4);
    assert.deepEqual(
      answers.map(answer => answer.body),
      ['/after/30/one', 'fixed\n', '/now/two', '/now'],
    );
    client.destroy();
  });

  test('thousands of fixed replies in one write', async () => {
    const count = 20_000;
    const client = await ClientConnection.open(engine.port);
    client.send(get('/fixed').repeat(count));
    const received = await client.until(
      all => all.length > 1000 && all.toString('latin1').split('fixed\n').length > count,
      30_000,
    );
    assert.equal(received.toString('latin1').match(/HTTP\/1\.1 200 /g)!.length, count);
    client.destroy();
  });

  test('thousands to the upstream in one write, cut anywhere', async () => {
    const count = 2_000;
    const client = await ClientConnection.open(engine.port);
    client.send(Array.from({ length: count }, (_, i) => get(`/now/${i}`)).join(''));
    await client.until(all => all.includes(`/now/${count - 1}`), 30_000);
    const answers = readAnswers(client.received);
    assert.equal(answers.length, count);
    assert.ok(answers.every((answer, i) => answer.body === `/now/${i}`));
    client.destroy();
  });

  test('a client that reads no answer gets no further ones made, and no more of it is read', async t => {
    const own = await engineFor(t, { limits: { writeTimeoutMs: 60_000 } });
    const socket = connect({ port: own.port, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.pause();
    const requests = Buffer.from(get('/fixed').repeat(2_000));
    let sent = 0;
    let stuck = false;
    while (!stuck && sent < 256 * 1024 * 1024) {
      sent += requests.length;
      if (!socket.write(requests))
        stuck = !(await Promise.race([new Promise(resolve => socket.once('drain', () => resolve(true))), delay(400)]));
    }
    assert.ok(stuck, 'the gateway stopped reading');
    socket.destroy();
  });

  test('a client that pipelines without end does not fill the memory while the upstream is slow', async t => {
    const own = await engineFor(t, {});
    const socket = connect({ port: own.port, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.resume();
    const requests = Buffer.from(get('/after/1/x').repeat(2_000));
    let sent = 0;
    const until = performance.now() + 1_500;
    while (performance.now() < until) {
      sent += requests.length;
      if (!socket.write(requests))
        await Promise.race([new Promise(resolve => socket.once('drain', resolve)), delay(100)]);
    }
    // What the gateway has read from the socket: a few heads per request, not another 64 KiB for each.
    const answered = own.upstreamCell('status2xx');
    const received = own.workerCell('receivedBytes');
    assert.ok(answered > 20, `${answered} answered`);
    assert.ok(received < 1_000_000 + answered * 200, `${received} bytes read for ${answered} answers`);
    assert.ok(sent > 0);
    socket.destroy();
  });
});

describe('a client that shuts its sending side', () => {
  test('gets its answer, at once or late, then the end', async () => {
    for (const path of ['/now', '/fixed', '/after/1500/x']) {
      const { received, closed, reset } = await sendRaw(engine.port, [get(path)], {
        halfClose: true,
        timeoutMs: 5_000,
      });
      const final = readAnswers(received).at(-1)!;
      assert.equal(final.status, 200, path);
      assert.ok(final.complete && closed && !reset, path);
    }
  });

  test('gets the answers to all that it sent before', async () => {
    const paths = ['/after/30/a', '/fixed', '/after/30/b', '/now'];
    const { received, closed } = await sendRaw(engine.port, [paths.map(path => get(path)).join('')], {
      halfClose: true,
    });
    const answers = readAnswers(received);
    assert.deepEqual(
      answers.map(answer => answer.body),
      paths.map(path => (path === '/fixed' ? 'fixed\n' : path)),
    );
    assert.ok(closed);
  });

  test('in the middle of a head or a body: the connection ends, nothing goes on', async () => {
    const before = backend.requests.length;
    const head = await sendRaw(engine.port, ['GET /now HTTP/1.1\r\nHos'], { halfClose: true });
    assert.ok(head.closed);
    const behind = await sendRaw(engine.port, [`${get('/after/20/a')}GET /now HTTP/1.1\r\nHos`], { halfClose: true });
    assert.ok(behind.closed);
    assert.equal(readAnswers(behind.received)[0]!.body, '/after/20/a');
    const body = await sendRaw(engine.port, ['POST /now HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc'], {
      halfClose: true,
    });
    assert.ok(body.closed);
    const bodyBehind = await sendRaw(
      engine.port,
      [`${get('/after/20/b')}POST /now HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc`],
      { halfClose: true, timeoutMs: 5_000 },
    );
    assert.ok(bodyBehind.closed);
    assert.deepEqual(
      readAnswers(bodyBehind.received).map(each => each.body),
      ['/after/20/b'],
    );
    assert.equal(backend.requests.length, before + 2);
  });
});

describe('kept connections', () => {
  test('limits.requestsPerConnection: the last answer says close, and what is behind it is not served', async t => {
    const own = await engineFor(t, { limits: { requestsPerConnectionMax: 3 } });
    const client = await ClientConnection.open(own.port);
    client.send(get('/fixed').repeat(5));
    assert.equal(await client.end(), 'fin');
    const answers = readAnswers(client.received);
    assert.deepEqual(
      answers.map(answer => answer.headers.get('connection')?.[0]),
      [undefined, undefined, 'close'],
    );
  });

  test('limits.connections: one too many is closed at once, the others live', async t => {
    const own = await engineFor(t, { limits: { connectionsMax: 2 } });
    const [a, b] = [await ClientConnection.open(own.port), await ClientConnection.open(own.port)];
    await eventually(() => own.gateway.connections === 2, 'both are accepted');
    const c = await ClientConnection.open(own.port);
    await c.end();
    assert.equal(c.received.length, 0);
    assert.equal(own.workerCell('connectionsRefused'), 1);
    b.send(get('/now'));
    assert.equal((await b.answers(1))[0]!.status, 200);
    a.destroy();
    await eventually(() => own.gateway.connections === 1, 'a place is free');
    const d = await ClientConnection.open(own.port);
    d.send(get('/now'));
    assert.equal((await d.answers(1))[0]!.status, 200);
    d.destroy();
    b.destroy();
  });

  test('`Connection: close` and keep-alive as asked', async () => {
    const client = await ClientConnection.open(engine.port);
    client.send(get('/now') + get('/now', 'Connection: close\r\n') + get('/now'));
    assert.equal(await client.end(), 'fin');
    assert.equal(readAnswers(client.received).length, 2);
  });
});

describe('drain', () => {
  test('idle connections close, the answer under way says close and is whole, then it is over', async t => {
    const own = await engineFor(t, {});
    const idle = await ClientConnection.open(own.port);
    idle.send(get('/now'));
    await idle.answers(1);
    const busy = await ClientConnection.open(own.port);
    busy.send(get('/after/600/x'));
    await eventually(() => own.gateway.inFlight === 1, 'the request is under way');
    const drained = own.gateway.drain(5_000);
    assert.equal(await idle.end(), 'fin');
    assert.equal(await busy.end(), 'fin');
    const [answer] = readAnswers(busy.received);
    assert.equal(answer!.body, '/after/600/x');
    assert.deepEqual(answer!.headers.get('connection'), ['close']);
    idle.destroy();
    busy.destroy();
    await drained;
    assert.equal(own.gateway.connections, 0);
  });

  test('a request that was on its way is answered', async t => {
    const own = await engineFor(t, {});
    const client = await ClientConnection.open(own.port);
    client.send(get('/now'));
    await client.answers(1);
    const drained = own.gateway.drain(5_000);
    client.send(get('/now'));
    const second = (await client.answers(2))[1]!;
    assert.deepEqual(second.headers.get('connection'), ['close']);
    await client.end();
    client.destroy();
    await drained;
  });

  test('an answer that was begun before said nothing of an end: a request behind it is answered, whenever it ends', async t => {
    const begun: Socket[] = [];
    const half = await startRawBackend({
      onRequest({ socket }, { path }) {
        if (path === '/begun') begun.push(socket);
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n${path === '/begun' ? 'so' : 'next'}`);
      },
    });
    t.after(() => half.stop());
    const own = await startEngine([half.port]);
    t.after(() => own.stop());
    const idle = await ClientConnection.open(own.port);
    const clients = [await ClientConnection.open(own.port), await ClientConnection.open(own.port)];
    for (const client of clients) {
      client.send(get('/begun'));
      await client.until(all => all.includes('\r\nso'));
    }
    const drained = own.gateway.drain(5_000);
    const ask = async (client: ClientConnection, backendSocket: Socket): Promise<void> => {
      backendSocket.write('me');
      await client.answers(1);
      client.send(get('/next'));
      const second = (await client.answers(2))[1]!;
      assert.deepEqual([second.body, second.headers.get('connection')], ['next', ['close']]);
      assert.equal(await client.end(), 'fin');
      client.destroy();
    };
    await ask(clients[0]!, begun[0]!);
    // Connections that were idle when the drain began are closed by now.
    assert.equal(await idle.end(), 'fin');
    idle.destroy();
    await ask(clients[1]!, begun[1]!);
    await drained;
  });

  test('one that asks nothing more behind such an answer is closed soon', async t => {
    let finish = (): void => {};
    const half = await startRawBackend({
      onRequest({ socket }) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nso');
        finish = () => socket.write('me');
      },
    });
    t.after(() => half.stop());
    const own = await startEngine([half.port]);
    t.after(() => own.stop());
    const client = await ClientConnection.open(own.port);
    client.send(get('/begun'));
    await client.until(all => all.includes('\r\nso'));
    const drained = own.gateway.drain(20_000);
    const began = performance.now();
    finish();
    assert.equal(await client.end(), 'fin');
    client.destroy();
    await drained;
    assert.ok(performance.now() - began < 5_000);
  });

  test('what takes too long is cut', async t => {
    const own = await engineFor(t, {});
    const client = await ClientConnection.open(own.port);
    client.send(get('/after/60000/x'));
    await eventually(() => own.gateway.inFlight === 1, 'the request is under way');
    const began = performance.now();
    await own.gateway.drain(300);
    assert.ok(performance.now() - began < 2_000);
    await client.end();
    assert.equal(client.received.length, 0);
    client.destroy();
    const [line] = await own.accessLines();
    assert.deepEqual([line!.status, line!.code], [503, 'drain_timeout']);
    assert.equal(own.refusals('client_aborted'), 0);
  });

  test('what ends with its connection does not look complete when it is cut', async t => {
    const tunnel = 'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: parrot\r\n\r\nsome';
    const half = await startRawBackend({
      onRequest: ({ socket }, { path }) => socket.write(path === '/tunnel' ? tunnel : 'HTTP/1.1 200 OK\r\n\r\nsome'),
    });
    t.after(() => half.stop());
    for (const request of [
      'GET / HTTP/1.0\r\nHost: test\r\n\r\n',
      get('/tunnel', 'Connection: Upgrade\r\nUpgrade: parrot\r\n'),
    ]) {
      const own = await startEngine([half.port]);
      t.after(() => own.stop());
      const client = await ClientConnection.open(own.port);
      t.after(() => client.destroy());
      client.send(request);
      await client.until(all => all.includes('some'));
      await own.gateway.drain(100);
      assert.equal(await client.end(), 'reset');
      assert.equal(own.refusals('drain_timeout'), 1);
    }
  });
});
