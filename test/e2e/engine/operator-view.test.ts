// What an operator reads in the access log about failed requests: status, code, bytes and times are the real ones.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { ClientConnection } from '../../support/client-connection.ts';
import { engineBefore } from '../../support/engine-before.ts';
import type { Engine, EngineOptions, LogLine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import type { RawHandlers } from '../../support/raw-backend.ts';

async function setUp(t: TestContext, handlers: RawHandlers, options: EngineOptions = {}): Promise<Engine> {
  return (await engineBefore(t, handlers, options)).engine;
}

async function lines(engine: Engine, count = 1): Promise<LogLine[]> {
  await eventually(() => engine.gateway.inFlight === 0, 'every exchange is over');
  const all = await engine.accessLines();
  assert.equal(all.length, count);
  return all;
}

const get = (path = '/'): string => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('the access log', () => {
  for (const [sample, logged] of [
    [0.25, 2],
    [0, 0],
  ] as const) {
    test(`of a share of ${sample} has just so many lines, and each refusal and 5xx beside them`, async t => {
      const engine = await setUp(
        t,
        {
          onRequest: ({ socket }, { path }) => {
            const status = path === '/bad' ? '500 Bad' : path === '/none' ? '404 None' : '200 OK';
            socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
          },
        },
        { accessLogSample: sample },
      );
      const client = await ClientConnection.open(engine.port);
      client.send(get('/good').repeat(4) + get('/none').repeat(4) + get('/bad').repeat(2) + get('/%00'));
      await client.answers(11);
      const seen = await lines(engine, logged + 3);
      const always = seen.filter(({ status, code }) => status >= 500 || code !== null);
      assert.deepEqual(always.map(({ status }) => status).sort(), [400, 500, 500]);
    });
  }

  test('says when a request began by the clock of the system, also once that was set', async t => {
    const engine = await setUp(t, { onRequest: ({ socket }) => socket.write(ok) });
    const client = await ClientConnection.open(engine.port);
    let asked = 0;
    const saidAheadMs = async (): Promise<number> => {
      client.send(get());
      await client.answers(++asked);
      return Date.parse((await lines(engine, asked)).at(-1)!.time) - now();
    };
    const now = Date.now;
    assert.ok(Math.abs(await saidAheadMs()) < 1_000);
    t.mock.method(Date, 'now', () => now() + 7_200_000);
    // The gateway compares the two clocks once a second.
    await eventually(async () => Math.abs((await saidAheadMs()) - 7_200_000) < 1_000, 'the time that was set');
  });

  test('of what is no request: its code, the bytes of the refusal, and no times that nobody measured', async t => {
    const engine = await setUp(t, {});
    const client = await ClientConnection.open(engine.port);
    client.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
    await client.end();
    const [line] = await lines(engine);
    assert.deepEqual([line!.status, line!.code, line!.protocol], [400, 'invalid_host', 'HTTP/1.1']);
    assert.deepEqual([line!.durationMs, line!.upstreamMs], [0, 0]);
    assert.equal(line!.bytesOut, client.received.length);
  });

  test('of a connection without the PROXY header that its listener asks for: counted and logged, not answered', async t => {
    const engine = await setUp(
      t,
      {},
      { proxyProtocol: true, trustedProxies: ['127.0.0.0/8'], limits: { headerTimeoutMs: 300 } },
    );
    const wrong = await ClientConnection.open(engine.port);
    wrong.send(get());
    await wrong.end();
    const silent = await ClientConnection.open(engine.port);
    await silent.end();
    assert.equal(wrong.received.length + silent.received.length, 0);
    assert.equal(engine.refusals('malformed_proxy_header'), 2);
    for (const line of await lines(engine, 2)) {
      assert.deepEqual([line.code, line.clientIp, line.protocol], ['malformed_proxy_header', '127.0.0.1', '']);
    }
    // A balancer that only checks whether the port is open is not counted as an error.
    (await ClientConnection.open(engine.port)).destroy();
    const proxied = await ClientConnection.open(engine.port);
    proxied.send(`PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n${get('/fixed')}`);
    await proxied.answers(1);
    proxied.destroy();
    assert.equal(engine.refusals('malformed_proxy_header'), 2);
  });

  test('of an answer that broke off: the status that was sent, the code, and the bytes that were', async t => {
    const engine = await setUp(t, {
      onRequest: ({ socket }) =>
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nsome', () => setTimeout(() => socket.end(), 30)),
    });
    const client = await ClientConnection.open(engine.port);
    client.send(get());
    await client.end();
    const [line] = await lines(engine);
    assert.deepEqual([line!.status, line!.code, line!.attempts], [200, 'upstream_reset', 1]);
    assert.ok(Math.abs(line!.bytesOut - client.received.length) <= 8, `${line!.bytesOut} of ${client.received.length}`);
    assert.equal(line!.bytesIn, get().length);
  });

  test('of a body that takes its time, and a tunnel: the time of the gateway is not theirs', async t => {
    const engine = await setUp(t, {
      onRequest({ socket }, { path }) {
        socket.removeAllListeners('data');
        if (path === '/tunnel') {
          socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
          setTimeout(() => socket.end(), 400);
        } else {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nsome', () =>
            setTimeout(() => socket.end('more'), 400),
          );
        }
      },
    });
    const client = await ClientConnection.open(engine.port);
    client.send(get());
    await client.answers(1);
    client.send('GET /tunnel HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
    await client.end();
    client.destroy();
    for (const { status, durationMs, upstreamMs, overheadMs } of await lines(engine, 2)) {
      assert.ok(durationMs >= 380, `${status}: ${durationMs} ms in all`);
      assert.ok(upstreamMs + overheadMs < 300, `${status}: ${upstreamMs} ms of the upstream, ${overheadMs} ms of ours`);
      assert.ok(overheadMs >= 0);
    }
  });

  test('of a time that ran out: 504, the code, and how long the upstream was waited for', async t => {
    const engine = await setUp(t, { onRequest() {} }, { upstream: { responseTimeoutMs: 300 } });
    const client = await ClientConnection.open(engine.port);
    client.send(get());
    await client.answers(1);
    client.destroy();
    const [line] = await lines(engine);
    assert.deepEqual([line!.status, line!.code], [504, 'upstream_response_timeout']);
    assert.ok(line!.upstreamMs >= 280 && line!.durationMs >= line!.upstreamMs);
  });

  test('of a tunnel: 101, the bytes of both ways, and how long it was', async t => {
    const engine = await setUp(t, {
      onRequest({ socket }) {
        socket.removeAllListeners('data');
        socket.on('data', chunk => socket.write(chunk));
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: parrot/1\r\n\r\n');
      },
    });
    const client = await ClientConnection.open(engine.port);
    const head = 'GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: parrot/1\r\n\r\n';
    client.send(head);
    await client.until(all => all.includes('\r\n\r\n'));
    client.send('x'.repeat(5_000));
    await client.until(all => all.length > 5_000);
    client.socket.end();
    await client.end();
    const [line] = await lines(engine);
    assert.deepEqual([line!.status, line!.code], [101, null]);
    assert.equal(line!.bytesIn, head.length + 5_000);
    // The size of the head is counted approximately, as for other responses.
    assert.ok(
      Math.abs(line!.bytesOut - client.received.length) <= 64,
      `${line!.bytesOut} of ${client.received.length}`,
    );
  });
});

describe('answers', () => {
  test('without a date get one, those with one keep it (RFC 9110 section 6.6.1)', async t => {
    const engine = await setUp(t, {
      onRequest: ({ socket }, { path }) =>
        socket.write(
          path === '/dated' ? ok.replace('\r\n\r\n', '\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n') : ok,
        ),
    });
    const client = await ClientConnection.open(engine.port);
    client.send(get('/dated') + get('/plain'));
    const [dated, plain] = await client.answers(2);
    assert.deepEqual(dated!.headers.get('date'), ['Sun, 06 Nov 1994 08:49:37 GMT']);
    const [date, ...others] = plain!.headers.get('date')!;
    assert.ok(Math.abs(Date.parse(date!) - Date.now()) < 5_000);
    assert.deepEqual(others, []);
    client.destroy();
  });

  test('a switch to another protocol than was asked for is none (RFC 9110 section 7.8)', async t => {
    const engine = await setUp(t, {
      onRequest: ({ socket }, { path }) =>
        socket.write(`HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: ${path.slice(1)}\r\n\r\n`),
    });
    for (const [given, status] of [
      ['other', 502],
      ['WebSocket', 101],
    ] as const) {
      const client = await ClientConnection.open(engine.port);
      client.send(`GET /${given} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
      await client.until(all => all.includes('\r\n\r\n'));
      assert.match(client.received.toString('latin1'), new RegExp(`^HTTP/1\\.1 ${status} `));
      client.destroy();
    }
    await eventually(() => engine.gateway.inFlight === 0, 'every exchange is over');
    assert.equal(engine.refusals('upstream_upgrade_refused'), 1);
  });

  test('to TRACE name the methods that may be used, where all may, too (RFC 9110 section 15.5.6)', async t => {
    const engine = await setUp(t, {});
    const client = await ClientConnection.open(engine.port);
    client.send('TRACE / HTTP/1.1\r\nHost: test\r\n\r\n');
    const [answer] = await client.answers(1);
    assert.equal(answer!.status, 405);
    assert.match(answer!.headers.get('allow')!.join(), /GET, HEAD, POST/);
    client.destroy();
  });
});
