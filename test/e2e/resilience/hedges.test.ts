// A second try beside a slow first one: the first response is used, the other try is cancelled, and nothing stays in progress.

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Filter } from '../../../src/exchange/filter.ts';
import { HedgePlan } from '../../../src/exchange/hedge.ts';
import { ClientConnection } from '../../support/client-connection.ts';
import { type Engine, type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { startGateway } from '../../support/gateway.ts';
import { startH2Server } from '../../support/h2-server.ts';
import { type RawBackend, type RawHandlers, startRawBackend } from '../../support/raw-backend.ts';
import { retrySpec } from '../../support/resilience-settings.ts';
import { engineBeforeAll } from './engine-before-all.ts';

const answer = (status: number, body: string): string =>
  `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const saying = (status: number, body: string, afterMs = 0): RawHandlers => ({
  onRequest: ({ socket }) => void setTimeout(() => socket.write(answer(status, body)), afterMs),
});
const silent: RawHandlers = { onRequest() {} };

async function setUp(
  t: TestContext,
  handlers: readonly RawHandlers[],
  afterMs: number,
  upstream: EngineOptions['upstream'] = {},
  options: EngineOptions = {},
) {
  const resilience = { hedge: new HedgePlan(afterMs) };
  const { ask, ...parts } = await engineBeforeAll(t, handlers, { ...options, upstream, resilience });
  const asked = async (text = get) => {
    const { status, body } = await ask(text);
    return `${status} ${body}`;
  };
  return { ...parts, ask: asked };
}

const get = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n';

async function quiet(engine: Engine): Promise<void> {
  await eventually(() => engine.endpointsInFlight().every(count => count === 0), 'nothing is under way');
}

/** A request whose two tries have arrived. The test answers them: on a busy machine, timers of two sides end in any order. */
async function askedBoth(t: TestContext) {
  const sockets: Socket[] = [];
  const held = (place: number): RawHandlers => ({ onRequest: ({ socket }) => void (sockets[place] = socket) });
  const { ask, engine, backends } = await setUp(t, [held(0), held(1)], 50);
  const answered = ask();
  await eventually(() => sockets.length === 2, 'both were asked');
  return { answered, engine, backends, first: sockets[0]!, second: sockets[1]! };
}

test('the second try answers where the first is silent; the first is cancelled', async t => {
  const { ask, engine, backends } = await setUp(t, [silent, saying(200, 'second')], 50);
  assert.equal(await ask(), '200 second');
  assert.equal(engine.upstreamCell('hedges'), 1);
  await quiet(engine);
  await eventually(() => backends[0]!.open() === 0, 'the silent connection is closed');
  assert.deepEqual([engine.poolCounts().active, engine.poolCounts().pending], [0, 0]);
});

test('a client sticks to the endpoint whose answer it got, not to the one that was asked first', async t => {
  const affinity = { cookie: 'stick', ttlMs: 0, secret: 's' };
  const { send, engine } = await setUp(t, [silent, saying(200, 'second')], 50, { affinity });
  const wordOf = async (text: string) => {
    const [answer] = await (await send(text)).answers(1);
    assert.equal(answer!.body.toString(), 'second');
    return /^stick=([^;]*)/.exec(String(answer!.headers.get('set-cookie') ?? ''))?.[1];
  };
  const word = await wordOf(get);
  assert.ok(word !== undefined && word !== '');
  assert.equal(await wordOf(get.replace('\r\n\r\n', `\r\nCookie: stick=${word}\r\n\r\n`)), undefined);
  assert.equal(engine.upstreamCell('hedges'), 1, 'the second was asked at once');
});

test('a first try that had to wait for its connection is not one that failed', async t => {
  const retry = retrySpec({ perTryTimeoutMs: 10_000 });
  const { ask, engine } = await setUp(t, [silent, saying(200, 'second')], 50, { retry });
  assert.equal(await ask(), '200 second');
  assert.equal(engine.upstreamCell('hedges'), 1);
  await quiet(engine);
});

test('the first try answers before the second; the second is cancelled, and its connection with it', async t => {
  const { answered, first, engine, backends } = await askedBoth(t);
  first.write(answer(200, 'first'));
  assert.equal(await answered, '200 first');
  assert.equal(engine.upstreamCell('hedges'), 1);
  await quiet(engine);
  await eventually(() => backends[1]!.open() === 0, 'the second connection is closed');
});

test('a fast first try is alone', async t => {
  const { ask, engine } = await setUp(t, [saying(200, 'a'), saying(200, 'b')], 5_000);
  for (let n = 0; n < 10; n++) await ask();
  assert.equal(engine.upstreamCell('hedges'), 0);
});

test('a second try that fails or answers badly leaves the first alone; a first one that fails leaves it to the second', async t => {
  const fails = (socket: Socket) => void socket.write(answer(503, 'bad'));
  const breaksOff = (socket: Socket) => void socket.resetAndDestroy();
  for (const end of [fails, breaksOff]) {
    for (const [lost, left] of [
      ['second', 'first'],
      ['first', 'second'],
    ] as const) {
      const tries = await askedBoth(t);
      end(tries[lost]);
      const place = lost === 'first' ? 0 : 1;
      await eventually(() => tries.engine.endpointsInFlight()[place] === 0, `the ${lost} try is over`);
      tries[left].write(answer(200, left));
      assert.equal(await tries.answered, `200 ${left}`);
      await quiet(tries.engine);
    }
  }
});

test('when both fail the request is tried once more where retries are configured, and fails where they are not', async t => {
  const resetting: RawHandlers = { onRequest: ({ socket }) => void setTimeout(() => socket.resetAndDestroy(), 150) };
  const plain = await setUp(t, [resetting, resetting], 50);
  assert.match(await plain.ask(), /^502 /);
  await quiet(plain.engine);
  let requests = 0;
  const third: RawHandlers = {
    onRequest: ({ socket }) => {
      if (++requests > 1) socket.write(answer(200, 'third'));
      else setTimeout(() => socket.resetAndDestroy(), 150);
    },
  };
  const again = await setUp(t, [third, resetting], 50, { retry: retrySpec() });
  assert.equal(await again.ask(), '200 third');
  await quiet(again.engine);
});

test('what may not be sent twice has no second try, nor has what carries a body', async t => {
  const { ask, engine } = await setUp(t, [saying(200, 'a', 120), saying(200, 'b', 120)], 30);
  await ask('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n');
  await ask('PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi');
  assert.equal(engine.upstreamCell('hedges'), 0);
  await ask('POST / HTTP/1.1\r\nHost: test\r\nIdempotency-Key: "k"\r\n\r\n');
  assert.equal(engine.upstreamCell('hedges'), 1);
});

test('a client that leaves takes both tries with it', async t => {
  const { send, engine, backends } = await setUp(t, [silent, silent], 30);
  const client = await send(get);
  await eventually(() => backends.every(({ requests }) => requests.length === 1), 'both were asked');
  client.destroy();
  await quiet(engine);
  await eventually(() => backends.every((backend: RawBackend) => backend.open() === 0), 'both are closed');
  assert.equal(engine.gateway.inFlight, 0);
});

test('second tries stay within the retry budget', async t => {
  const { ask, engine } = await setUp(t, [saying(200, 'a', 60), saying(200, 'b', 60)], 25, {
    retry: retrySpec({ budget: 0.1 }),
  });
  await Promise.all(Array.from({ length: 150 }, () => ask()));
  assert.ok(engine.upstreamCell('hedges') <= 15, `${engine.upstreamCell('hedges')}`);
  assert.ok(engine.upstreamCell('retriesDenied') > 0);
  await quiet(engine);
});

test('after the 95th percentile of the answers before: only the slow tail is asked twice', async t => {
  let n = 0;
  const tail: RawHandlers = {
    onRequest: ({ socket }) => void setTimeout(() => socket.write(answer(200, 'ok')), ++n % 16 === 0 ? 700 : 1),
  };
  const { ask, engine } = await setUp(t, [tail, saying(200, 'ok', 1)], 0);
  for (let i = 0; i < 64; i++) await ask();
  const before = engine.upstreamCell('hedges');
  const began = performance.now();
  for (let i = 0; i < 64; i++) await ask();
  const hedges = engine.upstreamCell('hedges') - before;
  assert.ok(hedges >= 1 && hedges <= 12, `${hedges} second tries`);
  assert.ok(performance.now() - began < 2_000);
});

test('the percentile is of the responses of the upstream: what the gateway itself took does not put second tries off', async t => {
  const backend = await startRawBackend(saying(200, 'ok'));
  const plan = new HedgePlan(0);
  const waiting: Filter = { onRequest: () => new Promise(resolve => setTimeout(resolve, 300)) };
  const engine = await startEngine([backend.port], { filters: [waiting], resilience: { hedge: plan } });
  t.after(async () => {
    await engine.stop();
    await backend.stop();
  });
  const clients = await Promise.all(Array.from({ length: 32 }, () => ClientConnection.open(engine.port)));
  for (const client of clients) client.send(get);
  for (const client of clients) await client.answers(1);
  for (const client of clients) client.destroy();
  assert.ok(plan.delayMs < 300, `${plan.delayMs} ms`);
});

test('a response of the second try took as long as the client waited for it, from the first try on', async t => {
  const plan = new HedgePlan(0);
  const took: number[] = [];
  t.mock.method(plan, 'answered', (ms: number) => void took.push(ms));
  t.mock.getter(plan, 'delayMs', () => 50);
  const { ask, engine } = await engineBeforeAll(t, [silent, saying(200, 'second')], { resilience: { hedge: plan } });
  await ask(get);
  assert.equal(took.length, 1);
  assert.ok(took[0]! >= 40, `${took[0]} ms`);
  // What the first try waited for is time of the upstream, not of the gateway.
  await quiet(engine);
  assert.ok(engine.workerCell('overhead') < 40, `${engine.workerCell('overhead')} ms`);
});

test('a first try that waited for its connection has a second one like any other once it is sent', async t => {
  let n = 0;
  const slowThenSilent: RawHandlers = {
    onRequest: ({ socket }) => {
      if (++n === 1) setTimeout(() => socket.write(answer(200, 'slow')), 150);
    },
  };
  const pool = { maxConnections: 1 };
  const { ask, send, engine } = await setUp(t, [slowThenSilent, saying(200, 'second')], 50, {}, { pool });
  const slow = await send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n');
  assert.equal(await ask(), '200 second');
  assert.equal(await ask(), '200 second');
  await slow.answers(1);
  assert.equal(engine.upstreamCell('hedges'), 1);
});

const traced =
  'X-Forwarded-For: 192.0.2.9\r\nX-Request-Id: given-before-us\r\ntracestate: a=b\r\n' +
  'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n';

test('both tries say the same of the client and of its trace', async t => {
  const { ask, backends } = await setUp(
    t,
    [silent, saying(200, 'second')],
    50,
    {},
    { trustedProxies: ['127.0.0.0/8'] },
  );
  assert.equal(await ask(`GET / HTTP/1.1\r\nHost: test\r\n${traced}\r\n`), '200 second');
  const [first, second] = backends.map(({ requests }) => requests[0]!);
  assert.equal(second!.header('x-forwarded-for'), '192.0.2.9, 127.0.0.1');
  assert.deepEqual(second!.lines, first!.lines);
});

test('the second try goes to an endpoint of HTTP/2 in its own form, and nothing of it to anybody else', async t => {
  const backends = await Promise.all([
    startH2Server({}),
    startH2Server({ onRequest: ({ connection, stream }) => connection.answer(stream, 'second') }),
  ]);
  const engine = await startEngine(
    backends.map(({ port }) => port),
    { upstream: { protocol: 'h2c' }, resilience: { hedge: new HedgePlan(50) } },
  );
  const client = await ClientConnection.open(engine.port);
  t.after(async () => {
    client.destroy();
    await engine.stop();
    for (const backend of backends) await backend.stop();
  });
  client.send(get);
  const [answer] = await client.answers(1);
  assert.equal(answer!.body, 'second');
  assert.deepEqual(backends[1]!.requests[0]!.fields, backends[0]!.requests[0]!.fields);
  await quiet(engine);
});

test('a second try that answers while the exchange waits for a third: the third is not sent', async t => {
  const held: (() => void)[] = [];
  let streaming: Socket | null = null;
  const late: RawHandlers = {
    onRequest({ socket }, { path }) {
      if (path === '/held') {
        held.push(() => socket.write(answer(200, 'held')));
        return;
      }
      streaming ??= socket;
      socket.write('HTTP/1.1 200 X\r\nContent-Length: 6\r\n\r\nsec');
    },
  };
  const fails: RawHandlers = {
    onRequest: ({ socket }, { path }) => path === '/' && void setTimeout(() => socket.resetAndDestroy(), 200),
  };
  const upstream: EngineOptions['upstream'] = { retry: retrySpec(), balance: 'leastRequest' };
  const { send, engine, backends } = await setUp(t, [fails, late], 50, upstream, { pool: { maxConnections: 2 } });
  const [failing, other] = backends;
  // Requests that may not be sent twice: three or four of them fill the other endpoint's connections.
  while (other!.requests.length < 2) {
    const asked = backends.reduce((sum, { requests }) => sum + requests.length, 0);
    await send('POST /held HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n');
    await eventually(
      () => backends.reduce((sum, { requests }) => sum + requests.length, 0) > asked,
      'one more is held',
    );
  }
  for (const { socket } of failing!.connections) socket.destroy();
  await eventually(() => engine.endpointsInFlight()[0] === 0, 'only the other endpoint is busy');
  const client = await send(get);
  await eventually(() => engine.upstreamCell('pending') === 2, 'the second try waits, and the exchange behind it');
  held[0]!();
  await client.until(received => received.toString().endsWith('sec'));
  assert.equal(engine.upstreamCell('pending'), 0);
  held[1]!();
  await eventually(() => engine.poolCounts().active + engine.endpointsInFlight()[1]! === 1, 'a connection is free');
  streaming!.write('ond');
  const answers = await client.answers(1);
  assert.deepEqual(
    answers.map(({ body }) => body),
    ['second'],
  );
  assert.equal(other!.requests.length, 3);
  await quiet(engine);
});

test('a client sticks to the endpoint that answered it, and not to the one that was asked first', async t => {
  const affinity = { cookie: 'at', ttlMs: 0, secret: 'a secret of sixteen letters' };
  const { send, engine, backends } = await setUp(t, [silent, saying(200, 'second')], 50, { affinity });
  const [first] = await (await send(get)).answers(1);
  const cookie = first!.headers.get('set-cookie')![0]!.split(';')[0];
  const [again] = await (await send(`GET / HTTP/1.1\r\nHost: test\r\nCookie: ${cookie}\r\n\r\n`)).answers(1);
  assert.equal(again!.body.toString(), 'second');
  assert.equal(again!.headers.get('set-cookie'), undefined);
  assert.deepEqual([backends[0]!.requests.length, backends[1]!.requests.length], [1, 2]);
  await quiet(engine);
});

test('with a balancer that hashes, second tries go where their keys lead, and not all to one endpoint', async t => {
  const after = Array.from({ length: 4 }, () => saying(200, 'ok', 150));
  const upstream = { balance: 'ringHash', hashOn: { source: 'path', name: '' } } as const;
  const { ask, engine, backends } = await setUp(t, after, 30, { ...upstream, retry: retrySpec({ budget: 1 }) });
  const keys = Array.from({ length: 64 }, (_, n) => `/${n}`);
  await Promise.all(keys.map(key => ask(`GET ${key} HTTP/1.1\r\nHost: test\r\n\r\n`)));
  const owner = new Map<string, number>();
  await Promise.all(keys.map(key => ask(`POST ${key} HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n`)));
  for (const [at, { requests }] of backends.entries())
    for (const { line, path } of requests) if (line.startsWith('POST')) owner.set(path, at);
  const seconds = backends.map(({ requests }, at) =>
    requests.filter(({ line, path }) => line.startsWith('GET') && owner.get(path) !== at),
  );
  assert.equal(seconds.flat().length, engine.upstreamCell('hedges'));
  assert.ok(
    seconds.every(({ length }) => length > 0),
    `second tries: ${seconds.map(({ length }) => length)}`,
  );
  await quiet(engine);
});

test('a second try ends with the upstream that it is for, when the fallback takes over', async t => {
  let release = (): void => {};
  const failing = (onGet: RawHandlers['onRequest']): RawHandlers => ({
    onRequest: (connection, request) => {
      if (request.line.startsWith('GET')) onGet!(connection, request);
      else if (request.path === '/hold') release = () => connection.socket.write(answer(200, 'held'));
      else connection.socket.write(answer(200, 'quick'));
    },
  });
  let give = (): void => {};
  const [first, second, other] = await Promise.all(
    [
      failing(({ socket }) => void setTimeout(() => socket.resetAndDestroy(), 150)),
      failing(({ socket }) => socket.write(answer(200, 'second'))),
      { onRequest: ({ socket }) => (give = () => socket.write(answer(200, 'fallback'))) } satisfies RawHandlers,
    ].map(startRawBackend),
  );
  const gateway = await startGateway(`upstreams:
  a:
    endpoints: [ "http://127.0.0.1:${first!.port}", "http://127.0.0.1:${second!.port}" ]
    balance: roundRobin
    pool: { maxConnections: 1 }
    breaker: { failures: 1 }
    retry: { attempts: 1, on: [reset] }
  b: { endpoints: [ "http://127.0.0.1:${other!.port}" ] }
routes:
  - { name: r, public: true, match: { path: /* }, to: a, hedge: { after: 50ms }, fallback: { upstream: b } }
`);
  t.after(async () => {
    await gateway.stop();
    for (const backend of [first!, second!, other!]) await backend.stop();
  });
  const ask = async (path: string, method: string) =>
    (await fetch(`http://127.0.0.1:${gateway.port}${path}`, { method })).text();
  assert.equal(await ask('/quick', 'POST'), 'quick');
  const held = ask('/hold', 'POST');
  await eventually(() => second!.requests.length === 1, 'it is held');
  const answered = ask('/', 'GET');
  await eventually(() => other!.requests.length === 1, 'the fallback is asked');
  release();
  assert.equal(await held, 'held');
  give();
  assert.equal(await answered, 'fallback');
  assert.equal(second!.requests.length, 1, 'its upstream may not be asked');
  const metrics = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  assert.match(metrics, /cardea_upstream_pending_requests\{upstream="a"\} 0\n/);
});

test('a second try ends when the gateway answers itself, also while a filter waits with that answer', async t => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let waits = false;
  const filter: Filter = {
    onResponse({ request }) {
      if (request.method !== 'GET') return;
      waits = true;
      return gate;
    },
  };
  let release = (): void => {};
  const failing: RawHandlers = {
    onRequest: ({ socket }, { line }) => {
      if (line.startsWith('POST')) socket.end('HTTP/1.1 200 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      else setTimeout(() => socket.resetAndDestroy(), 150);
    },
  };
  const busy: RawHandlers = {
    onRequest: ({ socket }, { line }) => {
      if (line.startsWith('POST')) release = () => socket.write(answer(200, 'held'));
      else socket.write(answer(200, 'second'));
    },
  };
  const options = { filters: [filter], pool: { maxConnections: 1 } };
  const { send, ask, engine, backends } = await setUp(t, [failing, busy], 50, { balance: 'roundRobin' }, options);
  const post = 'POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n';
  await ask(post);
  const held = ask(post);
  await eventually(() => backends[1]!.requests.length === 1, 'it is held');
  const client = await send(get);
  await eventually(() => waits, 'the filter waits with the refusal');
  release();
  assert.equal(await held, '200 held');
  assert.equal(engine.endpointsInFlight()[1], 0, 'no second try has got its connection');
  open();
  const [first] = await client.answers(1);
  assert.equal(first!.status, 502);
  assert.deepEqual(
    backends[1]!.requests.map(({ line }) => line.split(' ')[0]),
    ['POST'],
  );
  await quiet(engine);
});

test('a retry after both tries failed goes to an endpoint that neither of them asked', async t => {
  // Whichever endpoint is asked first, its try fails while the second one is under way; the second one fails after that.
  for (const secondFirst of [false, true]) {
    const asked: number[] = [];
    const handlers = [0, 1, 2].map(
      (endpoint): RawHandlers => ({
        onRequest({ socket }) {
          const place = asked.push(endpoint) % 3;
          if (place === 0) socket.write(answer(200, 'third'));
          else setTimeout(() => socket.write(answer(503, 'bad')), (place === 1) === secondFirst ? 250 : 120);
        },
      }),
    );
    const upstream = { retry: retrySpec(), balance: 'leastRequest' as const };
    const { ask } = await setUp(t, handlers, 50, upstream);
    // The retry budget allows ten second tries and retries.
    for (let n = 0; n < 5; n++) assert.equal(await ask(), '200 third');
    for (let at = 0; at < asked.length; at += 3) assert.equal(new Set(asked.slice(at, at + 3)).size, 3, asked.join());
  }
});

test('an endpoint whose tries are cancelled because they are slow is known to be slow', async t => {
  const { ask, engine } = await setUp(t, [silent, saying(200, 'fast')], 50, { balance: 'peakEwma' });
  for (let n = 0; n < 8; n++) assert.equal(await ask(), '200 fast');
  assert.ok(engine.upstreamCell('hedges') <= 1, String(engine.upstreamCell('hedges')));
});
