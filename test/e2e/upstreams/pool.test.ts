// The `pool` settings of an upstream, each at its limit, and what happens to connections that cannot be trusted any more.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ClientConnection } from '../../support/client-connection.ts';
import { engineBefore } from '../../support/engine-before.ts';
import { type Engine, type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import type { RawBackend, RawConnection, RawHandlers } from '../../support/raw-backend.ts';

const ok = (body = 'ok'): string => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** Responses held back until the test releases them. */
interface Held {
  readonly waiting: RawConnection[];
  release(count?: number): void;
}

function holding(): { held: Held; handlers: RawHandlers } {
  const waiting: RawConnection[] = [];
  return {
    held: {
      waiting,
      release(count = waiting.length) {
        for (const connection of waiting.splice(0, count)) connection.socket.write(ok());
      },
    },
    handlers: { onRequest: connection => waiting.push(connection) },
  };
}

async function setUp(
  t: { after(end: () => Promise<void>): void },
  handlers: RawHandlers,
  options: EngineOptions,
): Promise<{ backend: RawBackend; engine: Engine }> {
  t.after(async () => {
    for (const client of clients.splice(0)) client.destroy();
  });
  return engineBefore(t, handlers, options);
}

const clients: ClientConnection[] = [];
after(() => {
  for (const client of clients) client.destroy();
});

async function open(engine: Engine): Promise<ClientConnection> {
  const client = await ClientConnection.open(engine.port);
  clients.push(client);
  return client;
}

async function ask(engine: Engine, path = '/', method = 'GET', rest = '\r\n'): Promise<ClientConnection> {
  const client = await open(engine);
  client.send(`${method} ${path} HTTP/1.1\r\nHost: test\r\n${rest}`);
  return client;
}

async function outcome(client: ClientConnection, timeoutMs?: number): Promise<{ status: number; code: string }> {
  const [answer] = await client.answers(1, [], timeoutMs);
  const code = /"code":"(\w+)"/.exec(answer!.body)?.[1] ?? '';
  return { status: answer!.status, code };
}

describe('maxConnections and maxPending', () => {
  test('never more connections than allowed; the others wait and are served in turn', async t => {
    const { held, handlers } = holding();
    const { backend, engine } = await setUp(t, handlers, { pool: { maxConnections: 3, maxPending: 100 } });
    const asked = await Promise.all(Array.from({ length: 20 }, () => ask(engine)));
    let served = 0;
    while (served < 20) {
      await eventually(() => held.waiting.length === Math.min(3, 20 - served), 'as many as allowed are at the backend');
      const others = Math.max(0, 20 - served - 3);
      await eventually(() => engine.upstreamCell('pending') === others, 'the others wait');
      served += held.waiting.length;
      held.release();
    }
    for (const client of asked) assert.equal((await outcome(client)).status, 200);
    assert.equal(backend.openMax(), 3);
    assert.equal(backend.connections.length, 3);
    await eventually(() => engine.poolCounts().idle === 3, 'all are idle');
    assert.deepEqual(engine.poolCounts(), { active: 0, idle: 3, pending: 0 });
    assert.equal(engine.upstreamCell('connectionsActive'), 0);
    assert.equal(engine.upstreamCell('connectionsIdle'), 3);
    assert.equal(engine.upstreamCell('pending'), 0);
  });

  test('beyond maxPending: 503 at once, while those who wait are served later', async t => {
    const { held, handlers } = holding();
    const { engine } = await setUp(t, handlers, { pool: { maxConnections: 1, maxPending: 2 } });
    const first = await ask(engine);
    await eventually(() => held.waiting.length === 1, 'the first is at the backend');
    const second = await ask(engine);
    const third = await ask(engine);
    await eventually(() => engine.poolCounts().pending === 2, 'two wait');
    const fourth = await ask(engine);
    assert.deepEqual(await outcome(fourth), { status: 503, code: 'upstream_queue_full' });
    assert.equal(engine.poolCounts().pending, 2);
    for (const client of [first, second, third]) {
      await eventually(() => held.waiting.length === 1, 'the next is at the backend');
      held.release();
      assert.equal((await outcome(client)).status, 200);
    }
    // The refused client's connection can still be used.
    fourth.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    await eventually(() => held.waiting.length === 1, 'the refused one asks again');
    held.release();
    assert.equal((await fourth.answers(2))[1]!.status, 200);
  });

  test('pipelined requests of one client follow each other on one connection, with no place to wait', async t => {
    const { backend, engine } = await setUp(
      t,
      { onRequest: connection => connection.socket.write(ok()) },
      { pool: { maxConnections: 1, maxPending: 0 } },
    );
    const client = await open(engine);
    client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n'.repeat(20));
    const answers = await client.answers(20);
    assert.deepEqual(
      answers.map(answer => answer.status),
      Array.from({ length: 20 }, () => 200),
    );
    assert.equal(backend.connections.length, 1);
  });

  test('a request whose client leaves while it waits is never sent, and its place is free', async t => {
    const { held, handlers } = holding();
    const { backend, engine } = await setUp(t, handlers, { pool: { maxConnections: 1, maxPending: 2 } });
    const first = await ask(engine, '/first');
    await eventually(() => held.waiting.length === 1, 'the first is at the backend');
    const leaving = [await ask(engine, '/left'), await ask(engine, '/left')];
    await eventually(() => engine.poolCounts().pending === 2, 'two wait');
    for (const client of leaving) client.socket.resetAndDestroy();
    await eventually(() => engine.poolCounts().pending === 0, 'nobody waits');
    assert.equal(engine.upstreamCell('pending'), 0);
    const next = [await ask(engine, '/next'), await ask(engine, '/next')];
    await eventually(() => engine.poolCounts().pending === 2, 'their places are taken');
    for (const client of [first, ...next]) {
      await eventually(() => held.waiting.length === 1, 'the next is at the backend');
      held.release();
      assert.equal((await outcome(client)).status, 200);
    }
    assert.deepEqual(
      backend.requests.map(request => request.path),
      ['/first', '/next', '/next'],
    );
    assert.equal(engine.refusals('client_aborted'), 2);
  });

  test('a body that comes while its request waits arrives whole', async t => {
    const { held, handlers } = holding();
    const { backend, engine } = await setUp(t, handlers, { pool: { maxConnections: 1 } });
    const first = await ask(engine);
    await eventually(() => held.waiting.length === 1, 'the first is at the backend');
    const body = 'x'.repeat(300_000);
    const second = await ask(engine, '/body', 'POST', `Content-Length: ${body.length}\r\n\r\n${body}`);
    await eventually(() => engine.poolCounts().pending === 1, 'the second waits');
    await delay(50); // Because: nothing shows that the body has come as far as it may.
    held.release();
    await outcome(first);
    await eventually(() => held.waiting.length === 1, 'the second is at the backend');
    held.release();
    assert.equal((await outcome(second)).status, 200);
    assert.equal(backend.requests[1]!.body, body);
  });

  test('maxPending 0: no queue', async t => {
    const { held, handlers } = holding();
    const { engine } = await setUp(t, handlers, { pool: { maxConnections: 1, maxPending: 0 } });
    const first = await ask(engine);
    await eventually(() => held.waiting.length === 1, 'the first is at the backend');
    assert.equal((await outcome(await ask(engine))).code, 'upstream_queue_full');
    held.release();
    assert.equal((await outcome(first)).status, 200);
  });
});

describe('how long a connection is kept', () => {
  test('maxRequestsPerConnection', async t => {
    const { backend, engine } = await setUp(
      t,
      { onRequest: c => c.socket.write(ok()) },
      {
        pool: { maxRequestsPerConnection: 3 },
      },
    );
    const client = await open(engine);
    for (let i = 1; i <= 7; i++) {
      client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
      await client.answers(i);
    }
    assert.deepEqual(
      backend.connections.map(connection => connection.requests),
      [3, 3, 1],
    );
    await eventually(() => backend.open() === 1, 'used-up connections are closed');
  });

  test('idleTimeout', async t => {
    const handlers: RawHandlers = { onRequest: c => c.socket.write(ok()) };
    const { backend, engine } = await setUp(t, handlers, { pool: { idleTimeoutMs: 1_000 } });
    await outcome(await ask(engine));
    assert.equal(backend.open(), 1);
    await delay(100); // Because: the absence of an event cannot be awaited.
    assert.equal(backend.open(), 1);
    await eventually(() => backend.open() === 0, 'the idle connection is closed');
    assert.deepEqual(engine.poolCounts(), { active: 0, idle: 0, pending: 0 });
  });

  test('not until the endpoint closes it: Keep-Alive says when', async t => {
    const kept = (seconds: string) => `HTTP/1.1 200 OK\r\nKeep-Alive: ${seconds}\r\nContent-Length: 0\r\n\r\n`;
    let said = 'max=9, Timeout=1';
    const handlers: RawHandlers = { onRequest: c => c.socket.write(kept(said)) };
    const { backend, engine } = await setUp(t, handlers, { pool: { idleTimeoutMs: 0 } });
    const begun = performance.now();
    await outcome(await ask(engine));
    await eventually(() => backend.open() === 0, 'the idle connection is closed');
    assert.ok(performance.now() - begun < 1_000, 'before the endpoint would');
    for (said of ['timeout=999999999999', 'timeout=', 'max=1']) {
      await outcome(await ask(engine));
      assert.equal(backend.open(), 1, said);
    }
  });

  test('an answer that takes longer than idleTimeout of the pool is no idleness', async t => {
    const { engine } = await setUp(
      t,
      { onRequest: c => void setTimeout(() => c.socket.write(ok()), 400) },
      {
        pool: { idleTimeoutMs: 100 },
      },
    );
    const client = await open(engine);
    for (let i = 1; i <= 2; i++) {
      client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
      assert.equal((await client.answers(i))[i - 1]!.status, 200);
    }
  });
});

describe('bytes that no request asked for', () => {
  for (const [name, surplus] of [
    ['garbage', 'garbage'],
    ['a second answer', ok('evil')],
  ] as const) {
    test(`${name} behind an answer: the connection serves nobody else, not even who waits for it`, async t => {
      const waiting: RawConnection[] = [];
      const { backend, engine } = await setUp(
        t,
        { onRequest: connection => waiting.push(connection) },
        {
          pool: { maxConnections: 1 },
        },
      );
      const first = await ask(engine, '/first');
      await eventually(() => waiting.length === 1, 'the first is at the backend');
      const second = await ask(engine, '/second');
      await eventually(() => engine.poolCounts().pending === 1, 'the second waits');
      waiting.shift()!.socket.write(ok('one') + surplus);
      assert.equal((await first.answers(1))[0]!.body, 'one');
      await eventually(() => waiting.length === 1, 'the second is at the backend');
      waiting.shift()!.socket.write(ok('two'));
      assert.equal((await second.answers(1))[0]!.body, 'two');
      assert.deepEqual(
        backend.connections.map(connection => connection.requests),
        [1, 1],
      );
    });
  }

  test('on an idle connection: it is closed', async t => {
    const { backend, engine } = await setUp(t, { onRequest: c => c.socket.write(ok()) }, {});
    await outcome(await ask(engine));
    backend.connections[0]!.socket.write(ok('evil'));
    await eventually(() => backend.open() === 0, 'the connection is closed');
    const [answer] = await (await ask(engine)).answers(1);
    assert.equal(answer!.body, 'ok');
  });
});

describe('connections that died while idle', () => {
  /** The first connection answers once and dies when the second request arrives, as if it had been closed before. */
  function dying(reset: boolean): RawHandlers {
    return {
      onHead(connection) {
        if (connection.number !== 1 || connection.requests === 0) return;
        if (reset) connection.socket.resetAndDestroy();
        else connection.socket.destroy();
      },
      onRequest(connection, request) {
        if (!connection.socket.destroyed) connection.socket.write(ok(request.body === '' ? 'ok' : request.body));
      },
    };
  }

  for (const reset of [true, false]) {
    test(`GET is sent again on a fresh connection, once (${reset ? 'reset' : 'closed'})`, async t => {
      const { backend, engine } = await setUp(t, dying(reset), {});
      await outcome(await ask(engine));
      await eventually(() => engine.poolCounts().idle === 1, 'it is idle');
      assert.equal((await outcome(await ask(engine))).status, 200);
      assert.equal(backend.connections.length, 2);
      assert.equal(engine.upstreamCell('retries'), 1);
    });

    test(`PUT with a small body is sent again whole (${reset ? 'reset' : 'closed'})`, async t => {
      const { engine } = await setUp(t, dying(reset), {});
      await outcome(await ask(engine));
      const client = await ask(engine, '/', 'PUT', 'Content-Length: 4\r\n\r\nbody');
      assert.equal((await client.answers(1))[0]!.body, 'body');
    });

    test(`POST without a body is not (${reset ? 'reset' : 'closed'})`, async t => {
      const { backend, engine } = await setUp(t, dying(reset), {});
      await outcome(await ask(engine));
      const client = await ask(engine, '/', 'POST', 'Content-Length: 0\r\n\r\n');
      assert.deepEqual(await outcome(client), { status: 502, code: 'upstream_reset' });
      assert.equal(backend.connections.length, 1);
    });

    test(`POST is not (${reset ? 'reset' : 'closed'})`, async t => {
      const { backend, engine } = await setUp(t, dying(reset), {});
      await outcome(await ask(engine));
      const client = await ask(engine, '/', 'POST', 'Content-Length: 4\r\n\r\nbody');
      assert.deepEqual(await outcome(client), { status: 502, code: 'upstream_reset' });
      assert.equal(backend.connections.length, 1);
      assert.equal(engine.upstreamCell('retries'), 0);
    });
  }

  test('closed a moment before: even POST goes out, on a fresh connection', async t => {
    const { backend, engine } = await setUp(t, { onRequest: c => c.socket.write(ok()) }, {});
    await outcome(await ask(engine));
    backend.connections[0]!.socket.end();
    await eventually(() => engine.poolCounts().idle === 0, 'the pool has noticed');
    const client = await ask(engine, '/', 'POST', 'Content-Length: 4\r\n\r\nbody');
    assert.equal((await outcome(client)).status, 200);
  });

  test('a fresh connection that dies is no reason to send again', async t => {
    const { backend, engine } = await setUp(t, { onHead: c => c.socket.destroy() }, {});
    assert.deepEqual(await outcome(await ask(engine)), { status: 502, code: 'upstream_reset' });
    assert.equal(backend.connections.length, 1);
  });

  test('every connection of the pool dead: still one retry, still answered', async t => {
    const { held, handlers } = holding();
    let dead = false;
    const { engine } = await setUp(
      t,
      {
        onHead: c => void (dead && c.number <= 4 && c.socket.resetAndDestroy()),
        onRequest: (c, r) => (dead ? c.socket.write(ok()) : handlers.onRequest!(c, r)), // Because: `holding` has that handler
      },
      { pool: { maxConnections: 4 } },
    );
    const asked = await Promise.all(Array.from({ length: 4 }, () => ask(engine)));
    await eventually(() => held.waiting.length === 4, 'four connections are open');
    held.release();
    for (const client of asked) await outcome(client);
    dead = true;
    const again = await Promise.all(Array.from({ length: 8 }, () => ask(engine)));
    for (const client of again) assert.equal((await outcome(client)).status, 200);
  });

  test('another kept connection that becomes free just then does not get the retry', async t => {
    const slow: RawConnection[] = [];
    const { engine } = await setUp(
      t,
      {
        onRequest: (c, { path }) => {
          if (path === '/slow') slow.push(c);
          else if (path !== '/victim' || c.requests === 1) c.socket.write(ok());
          else {
            // Each kept connection ends when this request arrives; at the same time one of them responds.
            c.socket.destroy();
            for (const each of slow.splice(0)) each.socket.write(ok());
          }
        },
      },
      { pool: { maxConnections: 2 } },
    );
    await outcome(await ask(engine));
    const other = await ask(engine, '/slow');
    await eventually(() => slow.length === 1, 'the first connection is busy');
    await outcome(await ask(engine));
    assert.deepEqual(await outcome(await ask(engine, '/victim')), { status: 200, code: '' });
    assert.equal((await outcome(other)).status, 200);
  });
});

describe('no connection', () => {
  test('refused: 503 upstream_connect_failed, for all who wait', async t => {
    const engine = await startEngine([await freePort()], { pool: { maxConnections: 2 } });
    t.after(async () => {
      for (const client of clients.splice(0)) client.destroy();
      await engine.stop();
    });
    const asked = await Promise.all(Array.from({ length: 6 }, () => ask(engine)));
    for (const client of asked)
      assert.deepEqual(await outcome(client), { status: 503, code: 'upstream_connect_failed' });
    assert.deepEqual(engine.poolCounts(), { active: 0, idle: 0, pending: 0 });
    assert.equal(engine.upstreamCell('pending'), 0);
    // The operator is told why, but not once per request.
    assert.deepEqual(engine.log, ['no connection to an endpoint']);
  });
});
