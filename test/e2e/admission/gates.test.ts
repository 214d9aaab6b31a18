// Concurrency limits through the real command: exact across workers, queues with an end, and no request sent after its client left.

import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

interface HeldBackend {
  readonly port: number;
  /** Requests that have arrived and are not answered yet. */
  readonly held: ServerResponse[];
  readonly seen: string[];
  most: number;
  /** Refuses connections from now on. */
  stop(): void;
}

/** A backend that answers a request only when told to, or after `answerMs`. */
async function heldBackend(t: TestContext, answerMs = 0): Promise<HeldBackend> {
  const held: ServerResponse[] = [];
  const seen: string[] = [];
  const backend: { most: number } = { most: 0 };
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    seen.push(request.url ?? '');
    held.push(response);
    backend.most = Math.max(backend.most, held.length);
    response.on('close', () => held.splice(held.indexOf(response), 1));
    request.resume();
    if (answerMs > 0) setTimeout(() => response.end('done'), answerMs);
  });
  const port = await listeningPort(server);
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  t.after(stop);
  return Object.assign(backend, { port, held, seen, stop });
}

/** Uses a new connection for each request, so that requests reach all workers. */
async function ask(port: number, path: string): Promise<{ status: number; body: string; retryAfter: string | null }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
  return { status: response.status, body: await response.text(), retryAfter: response.headers.get('retry-after') };
}

const routes = '\nroutes:\n  - { name: all, match: { path: /* }, to: a }\n';

describe('concurrency', { concurrency: true }, () => {
  test('is exact over workers, with and without a queue; who finds no room is told at once', async t => {
    const backend = await heldBackend(t, 30);
    const gateway = await startGateway(
      `upstreams:\n  a: { endpoints: [http://127.0.0.1:${backend.port}], concurrency: { limit: 4, queue: 400, queueTimeout: 20s } }${routes}`,
      { workers: 3 },
    );
    t.after(() => gateway.stop());
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 120 }, (_, i) => ask(gateway.port, `/${i}`)));
    const took = performance.now() - began;
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.equal(backend.most, 4);
    // 30 rounds of 30 ms: capacity that one worker frees must not stay unused while requests wait on another.
    t.diagnostic(`120 requests, 4 at once, 30 ms each: ${Math.round(took)} ms, 900 at best`);
    assert.ok(took < 5_000, String(took));
    const page = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/upstreams`)).json();
    // Because: the type of the page is defined in admin-view.ts.
    const [{ concurrency } = {}] = (page as { upstreams: { concurrency?: unknown }[] }).upstreams;
    assert.deepEqual(concurrency, { limit: 4, inFlight: 0, queued: 0 });
  });

  test('of a route: its own limit, while other routes go on', async t => {
    const backend = await heldBackend(t);
    const gateway = await startGateway(
      `upstreams:\n  a: { endpoints: [http://127.0.0.1:${backend.port}] }\nroutes:\n` +
        '  - { name: slow, match: { path: /slow/* }, to: a, concurrency: 2 }\n' +
        '  - { name: other, match: { path: /* }, to: { reply: { status: 200 } } }\n',
    );
    t.after(() => gateway.stop());
    const first = [ask(gateway.port, '/slow/1'), ask(gateway.port, '/slow/2')];
    await eventually(() => backend.held.length === 2, 'both are at the backend');
    const refused = await ask(gateway.port, '/slow/3');
    assert.deepEqual([refused.status, refused.retryAfter], [503, '1']);
    assert.match(refused.body, /concurrency_limited/);
    assert.equal((await ask(gateway.port, '/other')).status, 200);
    for (const response of [...backend.held]) response.end('done');
    assert.deepEqual(
      (await Promise.all(first)).map(({ status }) => status),
      [200, 200],
    );
    const again = ask(gateway.port, '/slow/4');
    await eventually(() => backend.held.length === 1, 'there is room again');
    backend.held[0]!.end('done');
    assert.equal((await again).status, 200);
    assert.ok(!backend.seen.includes('/slow/3'));
  });

  test('who waits too long gets 503 and is never sent; neither is who has gone, or whose time is up', async t => {
    const backend = await heldBackend(t);
    const gateway = await startGateway(
      `upstreams:\n  a: { endpoints: [http://127.0.0.1:${backend.port}], concurrency: { limit: 1, queue: 10, queueTimeout: 600ms } }\nroutes:\n` +
        '  - { name: short, match: { path: /short }, to: a, timeout: 200ms }\n' +
        '  - { name: all, match: { path: /* }, to: a }\n',
    );
    t.after(() => gateway.stop());
    const first = ask(gateway.port, '/first');
    await eventually(() => backend.held.length === 1, 'the first is at the backend');
    const gone = connect(gateway.port, '127.0.0.1', () => gone.write('GET /gone HTTP/1.1\r\nHost: a\r\n\r\n'));
    const withBody = connect(gateway.port, '127.0.0.1', () =>
      withBody.write('POST /gone-body HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\npart'),
    );
    const late = ask(gateway.port, '/late');
    const short = ask(gateway.port, '/short');
    await delay(60);
    gone.destroy();
    withBody.destroy();
    const shortAnswer = await short;
    assert.equal(shortAnswer.status, 504);
    assert.match(shortAnswer.body, /exchange_timeout/);
    const lateAnswer = await late;
    assert.deepEqual([lateAnswer.status, lateAnswer.retryAfter], [503, '1']);
    assert.match(lateAnswer.body, /queue_timeout/);
    backend.held[0]!.end('done');
    assert.equal((await first).status, 200);
    const last = ask(gateway.port, '/last');
    await eventually(() => backend.held.length === 1, 'the last is at the backend');
    backend.held[0]!.end('done');
    assert.equal((await last).status, 200);
    assert.deepEqual(backend.seen, ['/first', '/last']);
  });

  test('over HTTP/2: a stream that is reset while it waits is never sent, and others go on', async t => {
    const backend = await heldBackend(t);
    const gateway = await startGateway(
      'listeners:\n  - { address: "127.0.0.1:{{port}}", protocols: [h2c] }\nadmin: { address: "127.0.0.1:{{adminPort}}" }\n' +
        `upstreams:\n  a: { endpoints: [http://127.0.0.1:${backend.port}], concurrency: { limit: 1, queue: 10, queueTimeout: 10s } }${routes}`,
    );
    t.after(() => gateway.stop());
    const session = connectHttp2(`http://127.0.0.1:${gateway.port}`);
    t.after(() => session.destroy());
    const stream = (path: string) => {
      const request = session.request({ ':path': path });
      request.on('error', () => {});
      request.resume();
      return {
        request,
        status: new Promise<number>(resolve => request.on('response', head => resolve(head[':status'] ?? 0))),
      };
    };
    const first = stream('/1');
    await eventually(() => backend.held.length === 1, 'the first is at the backend');
    const gone = stream('/gone');
    const third = stream('/3');
    await delay(50);
    gone.request.close(constants.NGHTTP2_CANCEL);
    await delay(50);
    backend.held[0]!.end('done');
    assert.equal(await first.status, 200);
    await eventually(() => backend.seen.includes('/3'), 'the third is at the backend');
    backend.held[0]!.end('done');
    assert.equal(await third.status, 200);
    assert.deepEqual(backend.seen, ['/1', '/3']);
  });

  test('a worker that dies takes no room with it', async t => {
    const backend = await heldBackend(t);
    const gateway = await startGateway(
      `upstreams:\n  a: { endpoints: [http://127.0.0.1:${backend.port}], concurrency: 2 }${routes}`,
      { environment: { CARDEA_TEST_CRASH: 'terminate' } },
    );
    t.after(() => gateway.stop());
    const lost = [ask(gateway.port, '/1'), ask(gateway.port, '/2')].map(each => each.catch(() => null));
    await eventually(() => backend.held.length === 2, 'both are at the backend');
    process.kill(gateway.pid, 'SIGUSR2');
    await Promise.all(lost);
    await eventually(() => /worker replaced/.test(gateway.stderr()), 'the worker is replaced');
    const again = [ask(gateway.port, '/3'), ask(gateway.port, '/4')];
    await eventually(() => backend.seen.includes('/3') && backend.seen.includes('/4'), 'both are at the backend');
    for (const response of [...backend.held]) response.end('done');
    assert.deepEqual(
      (await Promise.all(again)).map(({ status }) => status),
      [200, 200],
    );
  });

  test('a reload keeps what is under way and who waits', async t => {
    const backend = await heldBackend(t);
    const config = (limit: number) =>
      `upstreams:\n  a: { endpoints: [http://127.0.0.1:${backend.port}], concurrency: { limit: ${limit}, queue: 5, queueTimeout: 10s } }${routes}`;
    const gateway = await startGateway(config(1));
    t.after(() => gateway.stop());
    const { readFileSync, writeFileSync } = await import('node:fs');
    const first = ask(gateway.port, '/1');
    await eventually(() => backend.held.length === 1, 'the first is there');
    const second = ask(gateway.port, '/2');
    await delay(50);
    writeFileSync(gateway.configPath, readFileSync(gateway.configPath, 'utf8').replace('limit: 1', 'limit: 2'));
    await eventually(() => /configuration reloaded/.test(gateway.stderr()), 'reloaded');
    await eventually(() => backend.seen.includes('/2'), 'who waited goes by the new limit');
    const third = ask(gateway.port, '/3');
    await delay(50);
    assert.ok(!backend.seen.includes('/3'), 'requests of before the reload count');
    backend.held[0]!.end('done');
    assert.equal((await first).status, 200);
    await eventually(() => backend.seen.includes('/3'), 'there is room');
    for (const response of [...backend.held]) response.end('done');
    assert.deepEqual(
      (await Promise.all([second, third])).map(({ status }) => status),
      [200, 200],
    );
  });
});

test('affinity: a client keeps its endpoint by a word that says nothing, and gets another when that is gone', async t => {
  const backends = [await heldBackend(t, 1), await heldBackend(t, 1), await heldBackend(t, 1)];
  const endpoints = backends.map(({ port }) => `http://127.0.0.1:${port}`).join(', ');
  const gateway = await startGateway(
    `upstreams:\n  a: { endpoints: [${endpoints}], balance: roundRobin, affinity: { cookie: stay, ttl: 1h, secret: s }, retry: { on: [connect] }, outlier: { consecutiveErrors: 1 } }${routes}`,
  );
  t.after(() => gateway.stop());
  const get = (cookie = '') => fetch(`http://127.0.0.1:${gateway.port}/`, { headers: cookie === '' ? {} : { cookie } });
  const line = (await get()).headers.get('set-cookie') ?? '';
  assert.match(line, /^stay=[A-Za-z0-9_-]{22}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax$/);
  const seenBy = () => backends.map(({ seen }) => seen.length);
  const [before, word] = [seenBy(), line.split(';')[0]!];
  for (let i = 0; i < 9; i++) assert.equal((await get(word)).headers.get('set-cookie'), null);
  const grown = seenBy().map((count, i) => count - before[i]!);
  assert.deepEqual(grown.toSorted(), [0, 0, 9]);
  assert.match((await get('stay=made-up')).headers.get('set-cookie') ?? '', /^stay=/);

  // When the endpoint goes away, the client is served by another at once, gets one new cookie, and stays there.
  backends[grown.indexOf(9)]!.stop();
  const moved = await get(word);
  assert.equal(moved.status, 200);
  const newWord = (moved.headers.get('set-cookie') ?? '').split(';')[0]!;
  assert.match(newWord, /^stay=[A-Za-z0-9_-]{22}$/);
  assert.notEqual(newWord, word);
  const then = seenBy();
  for (let i = 0; i < 5; i++) assert.equal((await get(newWord)).headers.get('set-cookie'), null);
  assert.deepEqual(
    seenBy()
      .map((count, i) => count - then[i]!)
      .toSorted(),
    [0, 0, 5],
  );
  const again = await get(word);
  assert.equal(again.status, 200, 'who still brings the old word is not sent to the dead one');
  assert.match(again.headers.get('set-cookie') ?? '', /^stay=/);
});

test('zone: the own one is left where it is much busier, and used alone again when it is not', async t => {
  const near = await heldBackend(t);
  const far = await heldBackend(t);
  const gateway = await startGateway(
    `zone: here\nupstreams:\n  a:\n    endpoints: [{ url: "http://127.0.0.1:${near.port}", zone: here }, { url: "http://127.0.0.1:${far.port}", zone: there }]${routes}`,
    { workers: 2 },
  );
  t.after(() => gateway.stop());
  const answers: Promise<Response>[] = [];
  const ask = async (count: number) => {
    const before = near.seen.length + far.seen.length;
    for (let n = 1; n <= count; n++) {
      answers.push(fetch(`http://127.0.0.1:${gateway.port}/`, { headers: { connection: 'close' } }));
      await eventually(() => near.seen.length + far.seen.length === before + n, 'the request is there');
    }
  };
  await ask(4);
  assert.equal(far.seen.length, 0, 'four at once are no load');
  await ask(16);
  // The own zone is left when it has more than twice the requests of the other, plus four; both workers count all requests.
  assert.ok(far.held.length >= 3 && far.held.length <= 8, `${near.held.length} near, ${far.held.length} far`);
  assert.ok(near.held.length <= 2 * far.held.length + 6, `${near.held.length} near, ${far.held.length} far`);
  for (const response of [...near.held, ...far.held]) response.end();
  await Promise.all(answers.map(async each => (await each).text()));
  await eventually(() => near.held.length + far.held.length === 0, 'all are answered');
  const seenFar = far.seen.length;
  await ask(4);
  assert.equal(far.seen.length, seenFar);
  for (const response of near.held) response.end();
});
