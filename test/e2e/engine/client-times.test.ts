// How long a client may take: head, body, minimum rate, response, keep-alive. Each has its limit, its refusal and its count.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readAnswers } from '../../support/answers.ts';
import { assertAbout } from '../../support/assert-about.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { engineBefore } from '../../support/engine-before.ts';
import { type Engine, type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { type RawBackend, type RawHandlers, startRawBackend } from '../../support/raw-backend.ts';

async function setUp(
  t: { after(end: () => Promise<void>): void },
  limits: NonNullable<EngineOptions['limits']>,
  onRequest: RawHandlers['onRequest'] = ({ socket }) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
): Promise<{ backend: RawBackend; engine: Engine }> {
  return engineBefore(t, { onRequest }, { limits });
}

const get = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n';

async function timed<T>(work: Promise<T>): Promise<{ value: T; ms: number }> {
  const began = performance.now();
  const value = await work;
  return { value, ms: performance.now() - began };
}

describe('headerTimeout', () => {
  test('a head that trickles is refused with 408, however often a byte comes', async t => {
    const { engine } = await setUp(t, { headerTimeoutMs: 400 });
    const client = await ClientConnection.open(engine.port);
    client.send('GET / HTTP/1.1\r\n');
    const timer = setInterval(() => client.send('X-A: b\r\n'), 50);
    const { value, ms } = await timed(client.answers(1));
    clearInterval(timer);
    assert.equal(value[0]!.status, 408);
    assert.match(value[0]!.body, /header_timeout/);
    assertAbout(ms, 400);
    await client.end();
    assert.equal(engine.refusals('header_timeout'), 1);
  });

  test('a connection that says nothing is closed without a word', async t => {
    const { engine } = await setUp(t, { headerTimeoutMs: 300 });
    const client = await ClientConnection.open(engine.port);
    assertAbout((await timed(client.end())).ms, 300);
    assert.equal(client.received.length, 0);
    client.destroy();
  });

  test('runs anew for the second request on a connection', async t => {
    const { engine } = await setUp(t, { headerTimeoutMs: 400 });
    const client = await ClientConnection.open(engine.port);
    client.send(get);
    await client.answers(1);
    await delay(600);
    client.send(get.slice(0, 10));
    const { value, ms } = await timed(client.answers(2));
    assert.equal(value[1]!.status, 408);
    assertAbout(ms, 400);
  });
});

test('keepAliveTimeout: an idle connection is closed, one with a request under way is not', async t => {
  const { engine } = await setUp(t, { keepAliveTimeoutMs: 300 }, ({ socket }) => {
    setTimeout(() => socket.write('HTTP/1.1 204 No Content\r\n\r\n'), 600);
  });
  const client = await ClientConnection.open(engine.port);
  client.send(get);
  await client.answers(1);
  assertAbout((await timed(client.end())).ms, 300);
  assert.equal(readAnswers(client.received).length, 1);
  client.destroy();
});

describe('an empty line behind a request', () => {
  const post = 'POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n\r\nx';

  test('leaves the connection idle: it is closed without a word', async t => {
    const { engine } = await setUp(t, { headerTimeoutMs: 100, keepAliveTimeoutMs: 300 });
    const client = await ClientConnection.open(engine.port);
    client.send(`${post}\r\n`);
    assertAbout((await timed(client.end())).ms, 300);
    assert.equal(readAnswers(client.received).length, 1);
    assert.equal(engine.refusals('header_timeout'), 0);
    client.destroy();
  });

  test('is followed by another request, whose time begins with its own first byte', async t => {
    const { engine } = await setUp(t, { headerTimeoutMs: 300 });
    const client = await ClientConnection.open(engine.port);
    for (const [at, request] of [post, get].entries()) {
      client.send(request);
      await client.answers(at + 1);
      for (const sign of '\r\n') client.send(sign);
      await delay(500);
    }
    client.send(get.slice(0, 3));
    const { value, ms } = await timed(client.answers(3));
    assert.equal(value[2]!.status, 408);
    assertAbout(ms, 300);
  });

  test('does not keep a drain waiting', async t => {
    const { engine } = await setUp(t, {});
    const client = await ClientConnection.open(engine.port);
    client.send(`${post}\r\n`);
    await client.answers(1);
    const drained = engine.gateway.drain(10_000);
    assertAbout((await timed(client.end())).ms, 250);
    client.destroy();
    await drained;
  });
});

describe('bodyTimeout and minimumRate', () => {
  test('a body that stops: 408, and the upstream sees no complete request', async t => {
    const { backend, engine } = await setUp(t, { bodyTimeoutMs: 300 });
    const client = await ClientConnection.open(engine.port);
    client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc');
    const { value, ms } = await timed(client.answers(1));
    assert.equal(value[0]!.status, 408);
    assert.match(value[0]!.body, /body_timeout/);
    assertAbout(ms, 300);
    await client.end();
    await eventually(() => backend.open() === 0, 'the upstream’s connection is closed');
    assert.equal(backend.requests.length, 0);
  });

  test('a body that goes on, slowly, is taken', async t => {
    const { engine } = await setUp(t, { bodyTimeoutMs: 1_500 });
    const client = await ClientConnection.open(engine.port);
    client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n');
    // Longer in total than the timeout, while each pause leaves a second to spare on a machine that stands still.
    for (let i = 0; i < 5; i++) {
      await delay(400);
      client.send('x');
    }
    assert.equal((await client.answers(1))[0]!.status, 200);
    client.destroy();
  });

  test('below the minimum rate: 408', async t => {
    const { engine } = await setUp(t, { bodyTimeoutMs: 400, minimumRateBytesPerSecond: 1_000 });
    const client = await ClientConnection.open(engine.port);
    client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100000\r\n\r\n');
    const timer = setInterval(() => client.send('x'.repeat(10)), 40);
    const { value, ms } = await timed(client.answers(1));
    clearInterval(timer);
    assert.equal(value[0]!.status, 408);
    assertAbout(ms, 400);
  });

  test('time that the upstream takes is not the client’s', async t => {
    const { engine } = await engineBefore(
      t,
      {
        onConnection({ socket }) {
          socket.pause();
          setTimeout(() => socket.resume(), 900);
        },
        onRequest: ({ socket }) => socket.write('HTTP/1.1 204 No Content\r\n\r\n'),
      },
      {
        limits: { bodyTimeoutMs: 300, minimumRateBytesPerSecond: 1_000 },
      },
    );
    const bytes = 12 * 1024 * 1024;
    const client = await ClientConnection.open(engine.port);
    client.send(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${bytes}\r\n\r\n`);
    client.send(Buffer.alloc(bytes, 'x'));
    assert.equal((await client.answers(1, [], 60_000))[0]!.status, 204);
    client.destroy();
  });
});

describe('writeTimeout', () => {
  const bytes = 32 * 1024 * 1024;
  const big = `HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`;

  test('a client that takes nothing is cut off, and the upstream is let go', async t => {
    const { backend, engine } = await setUp(t, { writeTimeoutMs: 400 }, ({ socket }) => {
      socket.write(big);
      socket.write(Buffer.alloc(bytes, 'x'));
    });
    const socket = connect(engine.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.pause();
    socket.write(get);
    await eventually(() => engine.gateway.inFlight === 1, 'the request is under way');
    const { ms } = await timed(eventually(() => engine.gateway.inFlight === 0, 'the client is given up'));
    assert.ok(ms < 5_000, `${ms} ms`);
    await eventually(() => backend.open() === 0, 'the upstream’s connection is closed');
    assert.equal(engine.gateway.connections, 0);
    socket.destroy();
  });

  test('a client that takes nothing gains no time by what it sends, and its slowness is not the endpoint’s', async t => {
    const upgrade = 'Connection: Upgrade\r\nUpgrade: parrot\r\n';
    const chunked = 'Transfer-Encoding: chunked\r\n';
    const backend = await startRawBackend({
      onHead({ socket }, { line }) {
        if (line.startsWith('PUT')) socket.write(`${big}${'x'.repeat(bytes)}`);
        else if (line.startsWith('GET')) socket.write(`HTTP/1.1 101 X\r\n${upgrade}\r\n`);
        // The received bytes are in chunks already, and are echoed as they are.
        else socket.write(`HTTP/1.1 200 OK\r\n${chunked}\r\n`);
        if (!line.startsWith('PUT')) socket.removeAllListeners('data').pipe(socket);
      },
    });
    t.after(() => backend.stop());
    const engine = await startEngine([backend.port], {
      limits: { writeTimeoutMs: 2_000, bodyTimeoutMs: 30_000 },
      // Shorter than the rest of the client's time once its bytes no longer reach the endpoint; longer than a busy machine needs.
      upstream: { idleTimeoutMs: 1_200 },
    });
    t.after(() => engine.stop());
    // Made in advance, because nothing is read while it is being made.
    const pieces = Buffer.from(`10000\r\n${'x'.repeat(65_536)}\r\n`.repeat(1_024));
    for (const [head, more] of [
      // The last byte of the body arrives while the client reads nothing.
      ['PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\na', 'b'],
      // The client sends until nobody takes its bytes any more.
      [`POST / HTTP/1.1\r\nHost: test\r\n${chunked}\r\n`, pieces],
      [`GET / HTTP/1.1\r\nHost: test\r\n${upgrade}\r\n`, pieces],
    ] as const) {
      const socket = connect(engine.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.pause();
      socket.write(head);
      await eventually(() => engine.poolCounts().active === 1, 'it is under way');
      await delay(200);
      socket.write(more);
      const { ms } = await timed(eventually(() => engine.gateway.inFlight === 0, `given up: ${head.slice(0, 4)}`));
      assert.ok(ms < 5_000, `${ms} ms`);
      assert.deepEqual(engine.poolCounts(), { active: 0, idle: 0, pending: 0 });
      socket.destroy();
    }
    assert.equal(engine.refusals('upstream_idle_timeout'), 0);
  });

  test('a client that takes nothing of the last bytes of its last answer, the same', async t => {
    const reply = Buffer.alloc(bytes, 'x');
    const engine = await startEngine([1], {
      limits: { writeTimeoutMs: 1_000 },
      filters: [{ onRequest: exchange => exchange.reply({ status: 200, body: reply }) }],
    });
    t.after(() => engine.stop());
    const socket = connect(engine.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n');
    await eventually(() => engine.gateway.connections === 1, 'the client is connected');
    await eventually(() => engine.gateway.connections === 0, 'the client is given up');
    socket.destroy();
    const patient = connect(engine.port, '127.0.0.1');
    let received = 0;
    patient.on('data', chunk => {
      received += chunk.length;
    });
    patient.write('GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n');
    await new Promise(resolve => patient.on('end', resolve));
    assert.ok(received > bytes);
    patient.destroy();
  });

  test('below the minimum rate as well; above it, however slow, not', async t => {
    const { engine } = await setUp(
      t,
      { writeTimeoutMs: 1_000, minimumRateBytesPerSecond: 4 * 1024 * 1024 },
      ({ socket }) => {
        socket.write(big);
        socket.write(Buffer.alloc(bytes, 'x'));
      },
    );
    for (const [perStep, expected] of [
      [64 * 1024, 'cut'],
      [2 * 1024 * 1024, 'whole'],
    ] as const) {
      const socket = connect(engine.port, '127.0.0.1');
      let received = 0;
      let budget = 0;
      let ended = false;
      socket.on('error', () => {
        ended = true;
      });
      socket.on('close', () => {
        ended = true;
      });
      socket.on('data', chunk => {
        received += chunk.length;
        budget -= chunk.length;
        if (budget <= 0) socket.pause();
      });
      socket.write(get);
      while (!ended && received < bytes) {
        await delay(100);
        budget = perStep;
        socket.resume();
      }
      assert.equal(received >= bytes ? 'whole' : 'cut', expected, `${received} bytes`);
      socket.destroy();
    }
  });
});
