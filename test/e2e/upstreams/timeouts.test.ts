// The timeouts of an upstream, each with its own code: connect, first byte, between bytes, the whole exchange including waiting.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readAnswers } from '../../support/answers.ts';
import { assertAbout } from '../../support/assert-about.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { engineBefore } from '../../support/engine-before.ts';
import { startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';

const get = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n';

/** Status and code of the refusal that a request gets, and the time until then. */
async function refusal(client: ClientConnection): Promise<{ status: number; code: string; ms: number }> {
  const began = performance.now();
  const [answer] = await client.answers(1);
  const ms = performance.now() - began;
  return { status: answer!.status, code: /"code":"(\w+)"/.exec(answer!.body)?.[1] ?? '', ms };
}

test('connectTimeout: 504 upstream_connect_timeout', async t => {
  // A listener that never accepts, with a full accept queue: the system drops further attempts. In its own process, because it
  // must not return to its event loop.
  const child = spawn(process.execPath, [
    '-e',
    `const server = require('node:net').createServer();
     server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       require('node:fs').writeSync(1, String(server.address().port));
       for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
     });`,
  ]);
  const fillers: Socket[] = [];
  t.after(() => {
    for (const filler of fillers) filler.destroy();
    child.kill('SIGKILL');
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const deafPort = Number(said.toString());
  for (let i = 0; i < 8; i++) fillers.push(connect(deafPort, '127.0.0.1').on('error', () => {}));
  await delay(200);
  const engine = await startEngine([deafPort], { pool: { connectTimeoutMs: 300, maxConnections: 1 } });
  t.after(() => engine.stop());
  // However many requests wait together, none waits through the connection attempts of others.
  for (const count of [1, 16]) {
    const clients = await Promise.all(Array.from({ length: count }, () => ClientConnection.open(engine.port)));
    for (const client of clients) client.send(get);
    for (const { status, code, ms } of await Promise.all(clients.map(refusal))) {
      assert.deepEqual([status, code], [504, 'upstream_connect_timeout']);
      assertAbout(ms, 300);
    }
    assert.deepEqual(engine.poolCounts(), { active: 0, idle: 0, pending: 0 });
    assert.equal(engine.upstreamCell('pending'), 0);
    for (const client of clients) client.destroy();
  }
});

describe('responseTimeout', () => {
  test('counts from the request’s last byte to the answer’s head: 504 upstream_response_timeout', async t => {
    const { backend, engine } = await engineBefore(t, {}, { upstream: { responseTimeoutMs: 300 } });
    const client = await ClientConnection.open(engine.port);
    client.send(get);
    const { status, code, ms } = await refusal(client);
    assert.deepEqual([status, code], [504, 'upstream_response_timeout']);
    assertAbout(ms, 300);
    await eventually(() => backend.open() === 0, 'the connection is not used again');
    assert.equal(engine.upstreamCell('timeouts'), 1);
    // The client's connection is used again.
    client.send(get);
    assert.equal((await client.answers(2))[1]!.status, 504);
    client.destroy();
  });

  test('half a head does not stop it', async t => {
    const { engine } = await engineBefore(
      t,
      { onRequest: ({ socket }) => socket.write('HTTP/1.1 200 OK\r\nX-') },
      { upstream: { responseTimeoutMs: 300 } },
    );
    const client = await ClientConnection.open(engine.port);
    client.send(get);
    assert.equal((await refusal(client)).code, 'upstream_response_timeout');
    client.destroy();
  });

  test('a request that takes longer to arrive is in time', async t => {
    const { engine } = await engineBefore(
      t,
      { onRequest: ({ socket }) => socket.write('HTTP/1.1 204 No Content\r\n\r\n') },
      { upstream: { responseTimeoutMs: 200 } },
    );
    const client = await ClientConnection.open(engine.port);
    client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\n\r\n');
    for (const byte of 'abc') {
      await delay(150);
      client.send(byte);
    }
    assert.equal((await client.answers(1))[0]!.status, 204);
    client.destroy();
  });
});

describe('idleTimeout', () => {
  test('in the middle of a body: the answer is cut, and the log says upstream_idle_timeout', async t => {
    const { backend, engine } = await engineBefore(
      t,
      { onRequest: ({ socket }) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart') },
      { upstream: { idleTimeoutMs: 300 } },
    );
    const client = await ClientConnection.open(engine.port);
    client.send(get);
    await client.until(all => all.includes('part'));
    const began = performance.now();
    await client.end();
    assertAbout(performance.now() - began, 300);
    assert.equal(readAnswers(client.received)[0]!.complete, false);
    await eventually(() => backend.open() === 0, 'the upstream’s connection is closed');
    assert.equal((await engine.accessLines())[0]!.code, 'upstream_idle_timeout');
  });

  test('a body that trickles is in time, however long it takes', async t => {
    const { engine } = await engineBefore(
      t,
      {
        async onRequest({ socket }) {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n');
          for (let i = 0; i < 6; i++) {
            await delay(250);
            socket.write('x');
          }
        },
      },
      { upstream: { idleTimeoutMs: 1_200, responseTimeoutMs: 1_200 } },
    );
    const client = await ClientConnection.open(engine.port);
    client.send(get);
    assert.equal((await client.answers(1))[0]!.body, 'xxxxxx');
    client.destroy();
  });

  test('a client that is slow to read is not the upstream’s fault', async t => {
    const bytes = 24 * 1024 * 1024;
    const { engine } = await engineBefore(
      t,
      {
        onRequest: ({ socket }) => {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`);
          socket.write(Buffer.alloc(bytes, 'x'));
        },
      },
      { upstream: { idleTimeoutMs: 200 } },
    );
    const socket = connect(engine.port, '127.0.0.1');
    t.after(() => void socket.destroy());
    socket.write(get);
    let received = 0;
    await new Promise(resolve => socket.once('data', resolve));
    socket.pause();
    socket.on('data', chunk => {
      received += chunk.length;
    });
    socket.pause();
    await delay(800);
    socket.resume();
    await eventually(() => received > bytes - 65_536 * 4, 'the rest arrives', 10_000);
    assert.equal(engine.refusals('upstream_idle_timeout'), 0);
  });

  test('an endpoint that takes no byte of a request: 504', async t => {
    const { engine } = await engineBefore(
      t,
      { onConnection: ({ socket }) => void socket.pause() },
      { upstream: { idleTimeoutMs: 300 } },
    );
    const client = await ClientConnection.open(engine.port);
    client.send(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${64 * 1024 * 1024}\r\n\r\n`);
    client.send(Buffer.alloc(64 * 1024 * 1024, 'x'));
    assert.deepEqual((({ status, code }) => [status, code])(await refusal(client)), [504, 'upstream_idle_timeout']);
    client.destroy();
  });
});

describe('timeout of the whole exchange', () => {
  test('before the answer: 504 exchange_timeout', async t => {
    const { engine } = await engineBefore(t, {}, { upstream: { timeoutMs: 300 } });
    const client = await ClientConnection.open(engine.port);
    client.send(get);
    const { status, code, ms } = await refusal(client);
    assert.deepEqual([status, code], [504, 'exchange_timeout']);
    assertAbout(ms, 300);
    client.destroy();
  });

  test('the route’s wins', async t => {
    const { engine } = await engineBefore(t, {}, { upstream: { timeoutMs: 5_000 }, routeTimeoutMs: 200 });
    const client = await ClientConnection.open(engine.port);
    client.send(get);
    const { code, ms } = await refusal(client);
    assert.equal(code, 'exchange_timeout');
    assertAbout(ms, 200);
    client.destroy();
  });

  test('while the answer trickles: it is cut', async t => {
    const { engine } = await engineBefore(
      t,
      {
        onRequest({ socket }) {
          socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
          const timer = setInterval(() => socket.write('1\r\nx\r\n'), 50);
          socket.on('close', () => clearInterval(timer));
        },
      },
      { upstream: { timeoutMs: 400 } },
    );
    const client = await ClientConnection.open(engine.port);
    client.send(get);
    await client.end();
    assert.equal(readAnswers(client.received)[0]!.complete, false);
    assert.equal((await engine.accessLines())[0]!.code, 'exchange_timeout');
  });

  test('while the request still arrives', async t => {
    const { backend, engine } = await engineBefore(t, {}, { upstream: { timeoutMs: 300 } });
    const client = await ClientConnection.open(engine.port);
    client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\npart');
    assert.equal((await refusal(client)).code, 'exchange_timeout');
    await eventually(() => backend.open() === 0, 'the upstream’s connection is closed');
    client.destroy();
  });

  test('while it waits for a connection: its place is free again', async t => {
    const { engine } = await engineBefore(t, {}, { upstream: { timeoutMs: 300 }, pool: { maxConnections: 1 } });
    const asked = [await ClientConnection.open(engine.port), await ClientConnection.open(engine.port)];
    for (const client of asked) client.send(get);
    for (const client of asked) assert.equal((await refusal(client)).code, 'exchange_timeout');
    assert.equal(engine.poolCounts().pending, 0);
    for (const client of asked) client.destroy();
  });
});
