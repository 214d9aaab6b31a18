// Requests that fail at one endpoint are tried at another, when that is safe, within the settings and the retry budget.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Filter } from '../../../src/exchange/filter.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { type Engine, type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { startGateway } from '../../support/gateway.ts';
import { type RawHandlers, startRawBackend } from '../../support/raw-backend.ts';
import { breakerSpec, retrySpec } from '../../support/resilience-settings.ts';
import { engineBeforeAll } from './engine-before-all.ts';

const answer = (status: number, body = `${status}`, fields = ''): string =>
  `HTTP/1.1 ${status} X\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;

const good: RawHandlers = { onRequest: ({ socket }) => socket.write(answer(200)) };
const unavailable: RawHandlers = { onRequest: ({ socket }) => socket.write(answer(503)) };
const resetting: RawHandlers = { onRequest: ({ socket }) => socket.resetAndDestroy() };
const silent: RawHandlers = { onRequest() {} };

function setUp(
  t: TestContext,
  handlers: readonly RawHandlers[],
  upstream: EngineOptions['upstream'] = {},
  options: EngineOptions = {},
) {
  return engineBeforeAll(t, handlers, { ...options, upstream: { retry: retrySpec(), ...upstream } });
}

const get = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n';
const post = (fields = '', body = 'hello') =>
  `POST / HTTP/1.1\r\nHost: test\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;

for (const [what, bad] of Object.entries({ unavailable, resetting, silent })) {
  test(`${what}: another endpoint answers`, async t => {
    const { ask, engine } = await setUp(t, [bad, good], { responseTimeoutMs: 100 });
    for (let n = 0; n < 6; n++) assert.deepEqual(await ask(get), { status: 200, body: '200' });
    // In turn: the bad endpoint, then the other, then the bad one again.
    assert.equal(engine.upstreamCell('retries'), 6);
    assert.deepEqual(engine.endpointsInFlight(), [0, 0]);
    const lines = await engine.accessLines();
    assert.deepEqual(
      lines.map(({ attempts }) => attempts),
      [2, 2, 2, 2, 2, 2],
    );
  });
}

test('the wait for an attempt that failed, and for the next one, is no time of the gateway', async t => {
  const { ask, engine } = await setUp(t, [silent, good], { responseTimeoutMs: 300 });
  assert.equal((await ask(get)).status, 200);
  await eventually(() => engine.gateway.inFlight === 0, 'the exchange is over');
  assert.ok(engine.workerCell('overhead') < 200, `${engine.workerCell('overhead')} ms`);
});

test('a dead kept connection that answers late with a reset is no time of the gateway', async t => {
  let n = 0;
  const dying: RawHandlers = {
    onRequest: ({ socket }) => {
      if (++n === 2) setTimeout(() => socket.resetAndDestroy(), 300);
      else socket.write(answer(200));
    },
  };
  const { ask, engine } = await setUp(t, [dying], { retry: null });
  for (let i = 0; i < 2; i++) assert.equal((await ask(get)).status, 200);
  await eventually(() => engine.gateway.inFlight === 0, 'the exchanges are over');
  assert.equal(engine.upstreamCell('retries'), 1);
  assert.ok(engine.workerCell('overhead') < 200, `${engine.workerCell('overhead')} ms`);
});

test('a port that nobody listens on is passed over, with any method: nothing was sent', async t => {
  const backend = await startRawBackend(good);
  const engine = await startEngine([await freePort(), backend.port], { upstream: { retry: retrySpec() } });
  t.after(async () => {
    await engine.stop();
    await backend.stop();
  });
  for (let n = 0; n < 4; n++) {
    const client = await ClientConnection.open(engine.port);
    client.send(post());
    const [first] = await client.answers(1);
    assert.equal(first!.status, 200);
    client.destroy();
  }
  assert.deepEqual(
    backend.requests.map(({ body }) => body),
    ['hello', 'hello', 'hello', 'hello'],
  );
});

test('what may do harm twice is not sent twice, unless the request or the settings say that it may', async t => {
  const { ask, backends } = await setUp(t, [unavailable, unavailable]);
  assert.equal((await ask(post())).status, 503);
  assert.equal(backends.flatMap(({ requests }) => requests).length, 1);
  assert.equal((await ask(post('Idempotency-Key: "k1"\r\n'))).status, 503);
  assert.equal(backends.flatMap(({ requests }) => requests).length, 1 + 3);
});

test('named methods are tried again, others are not', async t => {
  const { ask, backends } = await setUp(t, [unavailable], { retry: retrySpec({ methods: ['POST'] }) });
  assert.equal((await ask(get)).status, 503);
  assert.equal(backends[0]!.requests.length, 1);
  assert.equal((await ask(post())).status, 503);
  assert.equal(backends[0]!.requests.length, 4);
  assert.ok(backends[0]!.requests.slice(1).every(({ body }) => body === 'hello'));
});

test('an endpoint that cannot be reached is not taken for as slow as the one that was tried before it', async t => {
  const backend = await startRawBackend(silent);
  const upstream = { balance: 'peakEwma', responseTimeoutMs: 1_500, retry: retrySpec({ attempts: 1 }) } as const;
  const engine = await startEngine([backend.port, await freePort()], { upstream });
  const client = await ClientConnection.open(engine.port);
  t.after(async () => {
    client.destroy();
    await engine.stop();
    await backend.stop();
  });
  const { endpoints, nowMs } = engine.gateway.snapshot.upstreams.get('backend')!;
  // An endpoint of which nothing is known is preferred to one that is known to be this slow.
  endpoints[1]!.latency!.answered(100, nowMs);
  client.send(get);
  await client.answers(1);
  const [slow, unreachable] = endpoints.map(({ latency }) => latency!.value(0));
  assert.ok(slow! >= 1_400, `${slow} ms`);
  assert.equal(unreachable, 1_000);
});

test('a body is sent again up to its limit and whole', async t => {
  const retry = retrySpec({ methods: ['POST'], bodyBytesMax: 1_000 });
  const { ask, backends } = await setUp(t, [unavailable, good], { retry });
  const fits = 'f'.repeat(1_000);
  assert.equal((await ask(post('', fits))).status, 200);
  assert.deepEqual(
    backends.map(({ requests }) => requests.map(({ body }) => body)),
    [[fits], [fits]],
  );
  assert.equal((await ask(post('', 'l'.repeat(1_001)))).status, 503);
});

test('a chunked body with trailers is sent again as it was', async t => {
  const retry = retrySpec({ methods: ['POST'] });
  const { ask, backends } = await setUp(t, [resetting, good], { retry });
  const chunked =
    'POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n';
  assert.equal((await ask(chunked)).status, 200);
  const [seen] = backends[1]!.requests;
  assert.equal(seen!.body, 'abcde');
  assert.match(seen!.trailers, /x-sum: 5/i);
});

test('the last answer is passed on when every try fails; a status that is no reason is passed on at once', async t => {
  const { ask, backends } = await setUp(t, [unavailable, { onRequest: ({ socket }) => socket.write(answer(500)) }]);
  assert.equal((await ask(get)).status, 500);
  assert.equal(backends[0]!.requests.length, 1);
  const all = await setUp(t, [unavailable, unavailable]);
  assert.deepEqual(await all.ask(get), { status: 503, body: '503' });
  assert.equal(all.backends.flatMap(({ requests }) => requests).length, 3);
});

test('a short answer that is dropped costs no connection, a long one does', async t => {
  // A wait far longer than the timers' resolution: the connection is free again before the wait is over.
  const { ask, backends } = await setUp(t, [unavailable], {
    retry: retrySpec({ attempts: 1, backoffMs: 2_000, maxBackoffMs: 2_000 }),
  });
  await ask(get);
  assert.equal(backends[0]!.connections.length, 1);
  const long: RawHandlers = { onRequest: ({ socket }) => socket.write(answer(503, 'x'.repeat(70_000))) };
  const other = await setUp(t, [long]);
  assert.equal((await other.ask(get)).body.length, 70_000);
  assert.equal(other.backends[0]!.connections.length, 3);
});

test('one try may take so long, and all of them not longer than the exchange', async t => {
  const retry = retrySpec({ perTryTimeoutMs: 100 });
  const { ask, backends } = await setUp(t, [silent, good], { retry });
  const began = performance.now();
  assert.equal((await ask(get)).status, 200);
  assert.ok(performance.now() - began < 1_000);
  assert.equal(backends[0]!.requests.length, 1);

  const slow = await setUp(t, [silent], { retry: retrySpec({ attempts: 10, perTryTimeoutMs: 100 }), timeoutMs: 250 });
  assert.equal((await slow.ask(get)).status, 504);
  const tries = slow.backends[0]!.requests.length;
  assert.ok(tries >= 2 && tries <= 4, `${tries} tries`);
});

test('a client that leaves while its request waits for the next try leaves nothing behind', async t => {
  // The wait is random up to this time: fewer than one in ten thousand ends before the test does.
  const retry = retrySpec({ backoffMs: 36_000_000, maxBackoffMs: 36_000_000 });
  const { engine, backends } = await setUp(t, [unavailable], { retry });
  const client = await ClientConnection.open(engine.port);
  client.send(get);
  await eventually(() => backends[0]!.requests.length === 1 && engine.upstreamCell('retries') === 1, 'the first try');
  client.destroy();
  await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchange');
  assert.deepEqual(engine.endpointsInFlight(), [0]);
  assert.equal(backends[0]!.requests.length, 1);
});

test('when everything fails the upstream is asked at most 1.2 times as often as the gateway', async t => {
  const { engine, backends } = await setUp(t, [unavailable, resetting], { retry: retrySpec({ budget: 0.2 }) });
  const requests = 600;
  const clients = 12;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let n = 0; n < requests / clients; n++) {
        const client = await ClientConnection.open(engine.port);
        client.send('GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n');
        const [first] = await client.answers(1);
        assert.ok(first!.status >= 500);
        client.destroy();
      }
    }),
  );
  const seen = backends.reduce((sum, backend) => sum + backend.requests.length, 0);
  const silentOnes = engine.upstreamCell('resets');
  assert.ok(silentOnes > 0);
  assert.ok(seen <= requests * 1.2, `${seen} of ${requests}`);
  assert.ok(seen > requests * 1.1, `${seen} of ${requests}: the budget is not used`);
  assert.ok(engine.upstreamCell('retriesDenied') > 0);
});

test('tries whose connection was refused cost the upstream nothing, and take nothing from its budget', async t => {
  const closed = await freePort();
  const backend = await startRawBackend(good);
  t.after(() => backend.stop());
  const engine = await startEngine([closed, backend.port], { upstream: { retry: retrySpec({ budget: 0.01 }) } });
  t.after(() => engine.stop());
  for (let n = 0; n < 60; n++) {
    const client = await ClientConnection.open(engine.port);
    client.send(get);
    assert.equal((await client.answers(1))[0]!.status, 200);
    client.destroy();
  }
  assert.equal(backend.requests.length, 60);
  assert.deepEqual([engine.upstreamCell('retries'), engine.upstreamCell('retriesDenied')], [60, 0]);
});

test('a request whose first endpoint could not be reached says to the second what it would have said to the first', async t => {
  const closed = await freePort();
  const backend = await startRawBackend(good);
  t.after(() => backend.stop());
  const fields =
    'X-Forwarded-For: 192.0.2.9\r\nX-Request-Id: given-before-us\r\n' +
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n';
  /** The fields that the backend receives, and how many tries came before. */
  const seen = async (ports: readonly number[], filters: readonly Filter[]) => {
    const upstream = { retry: retrySpec() };
    const engine = await startEngine(ports, { filters, trustedProxies: ['127.0.0.0/8'], upstream });
    t.after(() => engine.stop());
    const client = await ClientConnection.open(engine.port);
    t.after(() => client.destroy());
    client.send(post(fields));
    assert.equal((await client.answers(1))[0]!.status, 200);
    const { lines } = backend.requests.at(-1)!;
    const withoutSpan = lines.map(line => line.replace(/(?<=c-)[0-9a-f]{16}(?=-01)/, 'span'));
    return { lines: withoutSpan, retries: engine.upstreamCell('retries') };
  };
  const changesBody: Filter = { onRequestBody() {} };
  for (const [filters, framing] of [
    [[], 'Content-Length: 5'],
    [[changesBody], 'Transfer-Encoding: chunked'],
  ] as const) {
    const direct = await seen([backend.port], filters);
    const second = await seen([closed, backend.port], filters);
    assert.deepEqual([direct.retries, second.retries], [0, 1]);
    assert.deepEqual(second.lines, direct.lines);
    assert.deepEqual(
      second.lines.filter(line => /^(?:content-length|transfer-encoding):/i.test(line)),
      [framing],
    );
    assert.ok(second.lines.includes('X-Forwarded-For: 192.0.2.9, 127.0.0.1'));
  }
});

test('a request for a tunnel is tried again as any other that asks for nothing to be changed', async t => {
  const upgrade = 'Connection: Upgrade\r\nUpgrade: parrot\r\n';
  const asksFor = `GET /tunnel HTTP/1.1\r\nHost: test\r\n${upgrade}\r\n`;
  const parrot: RawHandlers['onRequest'] = ({ socket }) => {
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${upgrade}\r\n`);
    socket.removeAllListeners('data').pipe(socket);
  };
  const opensTunnel = async ({ port }: Engine): Promise<void> => {
    const client = await ClientConnection.open(port);
    t.after(() => client.destroy());
    client.send(`${asksFor}early `);
    await client.until(received => received.includes('early '));
    assert.match(client.received.toString(), /^HTTP\/1\.1 101 /);
    client.send('late');
    await client.until(received => received.includes('early late'));
  };
  for (const bad of [unavailable, resetting, silent]) {
    const { engine } = await setUp(t, [bad, { onRequest: parrot }], { responseTimeoutMs: 100 });
    for (let n = 0; n < 2; n++) await opensTunnel(engine);
    assert.ok(engine.upstreamCell('retries') >= 1);
  }
  // Without any retry setting: a kept connection that the endpoint closes just as it is used.
  const closing: RawHandlers = {
    onRequest(connection, request) {
      if (request.path === '/') connection.socket.write(answer(200));
      else if (connection.number === 1) connection.socket.destroy();
      else parrot(connection, request);
    },
  };
  const { engine, ask } = await setUp(t, [closing], { retry: null });
  await ask(get);
  await opensTunnel(engine);
});

test('without any setting, a request whose connection is refused goes to another endpoint, whatever its method; `off` forbids it', async t => {
  const backend = await startRawBackend(good);
  const dead = await freePort();
  t.after(() => backend.stop());
  const start = async (retry: EngineOptions['upstream'], ports: readonly number[]) => {
    const engine = await startEngine(ports, { upstream: { balance: 'roundRobin', ...retry } });
    t.after(() => engine.stop());
    return engine;
  };
  const statuses = async ({ port }: Engine, text: string, count: number) => {
    const client = await ClientConnection.open(port);
    t.after(() => client.destroy());
    for (let n = 0; n < count; n++) {
      client.send(text);
      await client.answers(n + 1);
    }
    return (await client.answers(count)).map(({ status }) => status);
  };
  const engine = await start({}, [dead, backend.port]);
  assert.deepEqual(await statuses(engine, get, 4), [200, 200, 200, 200]);
  assert.deepEqual(await statuses(engine, post(), 4), [200, 200, 200, 200]);
  assert.ok(engine.upstreamCell('retries') >= 4);
  assert.deepEqual(engine.endpointsInFlight(), [0, 0]);

  const off = await start({ retry: retrySpec({ attempts: 0, on: [] }) }, [dead, backend.port]);
  assert.deepEqual((await statuses(off, get, 4)).toSorted(), [200, 200, 503, 503]);
  const others = await start({ retry: retrySpec({ on: [503] }) }, [dead, backend.port]);
  assert.deepEqual((await statuses(others, get, 2)).toSorted(), [200, 503]);
});

test('when every endpoint refuses, a request without `retry` makes two attempts', async t => {
  const ports = [await freePort(), await freePort(), await freePort()];
  const engine = await startEngine(ports);
  t.after(() => engine.stop());
  const client = await ClientConnection.open(engine.port);
  t.after(() => client.destroy());
  client.send(post());
  assert.equal((await client.answers(1))[0]!.status, 503);
  assert.equal(engine.upstreamCell('connectErrors'), 2);
  assert.equal(engine.upstreamCell('retries'), 1);
});

test('a body that is still coming follows to the endpoint that takes over', async t => {
  const backend = await startRawBackend({
    onRequest: ({ socket }, { body }) => socket.write(answer(200, String(body.length))),
  });
  t.after(() => backend.stop());
  const engine = await startEngine([await freePort(), backend.port], { upstream: { balance: 'roundRobin' } });
  t.after(() => engine.stop());
  const client = await ClientConnection.open(engine.port);
  t.after(() => client.destroy());
  const size = 3_000_000;
  client.send(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(1_000)}`);
  client.send('y'.repeat(size - 1_000));
  const [first] = await client.answers(1);
  assert.deepEqual([first!.status, first!.body.toString()], [200, String(size)]);
  assert.equal(engine.upstreamCell('connectErrors'), 1);
});

test('an endpoint that answers badly and one that cannot be reached are both passed over', async t => {
  const backends = await Promise.all([unavailable, good].map(startRawBackend));
  const engine = await startEngine([backends[0]!.port, await freePort(), backends[1]!.port], {
    upstream: { retry: retrySpec() },
  });
  t.after(async () => {
    await engine.stop();
    for (const backend of backends) await backend.stop();
  });
  const client = await ClientConnection.open(engine.port);
  client.send(get);
  const [first] = await client.answers(1);
  client.destroy();
  assert.equal(first!.status, 200);
  assert.equal(engine.upstreamCell('retries'), 2);
  assert.deepEqual(engine.endpointsInFlight(), [0, 0, 0]);
});

test('a request that met a dead kept connection goes to another endpoint whose connections all rest', async t => {
  const dying: RawHandlers = {
    onRequest: ({ socket, requests }) => (requests === 1 ? socket.write(answer(200)) : socket.resetAndDestroy()),
  };
  const { engine, ask, backends } = await setUp(t, [dying, good], { retry: null }, { pool: { maxConnections: 1 } });
  for (let n = 0; n < 3; n++) assert.equal((await ask(get)).status, 200);
  assert.deepEqual([backends[0]!.requests.length, backends[1]!.requests.length], [2, 2]);
  assert.deepEqual(engine.endpointsInFlight(), [0, 0]);
  assert.equal(engine.upstreamCell('connectionsIdle'), 1);
  assert.equal(engine.upstreamCell('pending'), 0);
});

test('a retry that meets a dead kept connection is sent once more too, and not to an endpoint that was tried', async t => {
  // Closes each kept connection as the next request arrives.
  const closing: RawHandlers = {
    onRequest: ({ socket, requests }) => (requests === 1 ? socket.write(answer(200)) : socket.destroy()),
  };
  const retry = retrySpec({ attempts: 1, on: [503] });
  const { engine, ask, backends } = await setUp(t, [unavailable, closing], { retry });
  for (let n = 0; n < 6; n++) assert.equal((await ask(get)).status, 200, `request ${n}`);
  assert.equal(engine.upstreamCell('retriesDenied'), 0);
  assert.ok(backends[0]!.requests.length >= 3);
  assert.deepEqual(engine.endpointsInFlight(), [0, 0]);
});

test('what one try may take does not count for the wait of another upstream that takes over', async t => {
  let release = (): void => {};
  const busy: RawHandlers = {
    onRequest({ socket }, { path }) {
      if (path === '/hold') release = () => socket.write(answer(200, 'held'));
      else socket.write(answer(200, 'fallback'));
    },
  };
  const [bad, other] = await Promise.all([unavailable, busy].map(startRawBackend));
  const gateway = await startGateway(`upstreams:
  a:
    endpoints: [ "http://127.0.0.1:${bad!.port}" ]
    breaker: { failures: 1 }
    retry: { attempts: 1, on: [503], backoff: 1ms, maxBackoff: 1ms, perTryTimeout: 200ms }
  b: { endpoints: [ "http://127.0.0.1:${other!.port}" ], pool: { maxConnections: 1 } }
routes:
  - { name: hold, public: true, match: { path: /hold }, to: b }
  - { name: all, public: true, match: { path: /* }, to: a, fallback: { upstream: b } }
`);
  t.after(async () => {
    await gateway.stop();
    for (const backend of [bad!, other!]) await backend.stop();
  });
  const ask = async (path: string) => (await fetch(`http://127.0.0.1:${gateway.port}${path}`)).text();
  const held = ask('/hold');
  await eventually(() => other!.requests.length === 1, 'its connection is held');
  const answered = ask('/');
  await eventually(() => bad!.requests.length === 1, 'the first upstream is asked');
  // As long as a try there might have waited, plus a tick of the timers.
  await Promise.race([answered, delay(300)]);
  release();
  assert.equal(await held, 'held');
  assert.equal(await answered, 'fallback');
});

test('endpoints whose half-open breakers have no place left do not keep requests from one that works', async t => {
  const failsThenHangs: RawHandlers = {
    onRequest: ({ number, socket }) => void (number === 1 && socket.resetAndDestroy()),
  };
  const breaker = breakerSpec({ failures: 1, openMs: 500, halfOpen: 1, per: 'endpoint' });
  const { ask, send, backends, engine } = await setUp(t, [failsThenHangs, failsThenHangs, good], {
    breaker,
    retry: null,
  });
  for (const expected of [502, 502]) assert.equal((await ask(get)).status, expected);
  // Once a breaker is half-open, one request is let through, and hangs.
  await eventually(async () => {
    await send(get);
    return backends.slice(0, 2).every(({ requests }) => requests.length === 2);
  }, 'both endpoints have their trial request');
  for (let n = 0; n < 6; n++) assert.deepEqual(await ask(get), { status: 200, body: '200' });
  assert.equal(engine.refusals('upstream_circuit_open'), 0);
});
