// Callers who use up `timeout` themselves, by sending their request or reading their response slowly: that does not count against the
// endpoint, so that they cannot make the service unavailable to all others.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ClientConnection } from '../../support/client-connection.ts';
import { engineBefore } from '../../support/engine-before.ts';
import { type Engine, type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { type RawHandlers, startRawBackend } from '../../support/raw-backend.ts';
import { breakerSpec, outlierSpec } from '../../support/resilience-settings.ts';

const TIMEOUT_MS = 600;
const get = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n';
const post = 'POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\na';

/** An engine whose upstream is given up after the first failure. */
async function strict(
  t: TestContext,
  onRequest: NonNullable<RawHandlers['onRequest']>,
  upstream: NonNullable<EngineOptions['upstream']>,
): Promise<Engine> {
  return (await engineBefore(t, { onRequest }, { upstream, routeTimeoutMs: TIMEOUT_MS })).engine;
}

async function statusOf(engine: Engine, request: string): Promise<number> {
  const client = await ClientConnection.open(engine.port);
  client.send(request);
  const [answer] = await client.answers(1);
  client.destroy();
  return answer!.status;
}

describe('a caller who uses up `timeout`', () => {
  const breaker = breakerSpec({ failures: 1 });

  test('with half a request, or with a request that ends late, does not open the breaker', async t => {
    // The endpoint gives no response to a POST.
    const onRequest: RawHandlers['onRequest'] = ({ socket }, { line }) => {
      if (line.startsWith('GET')) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    };
    const engine = await strict(t, onRequest, { breaker });
    assert.equal(await statusOf(engine, post), 504);
    assert.equal(await statusOf(engine, get), 204);
    const late = await ClientConnection.open(engine.port);
    late.send(post);
    await delay(TIMEOUT_MS * 0.75);
    late.send('b');
    assert.equal((await late.answers(1))[0]!.status, 504);
    assert.equal(await statusOf(engine, get), 204);
    assert.equal(engine.upstreamCell('breakerOpens'), 0);
    late.destroy();
    assert.equal(await statusOf(engine, `${post}b`), 504);
    assert.equal(await statusOf(engine, get), 503, 'the endpoint had the time for this one');
    assert.equal(engine.upstreamCell('breakerOpens'), 1);
  });

  test('by reading nothing of the response does not get the endpoint ejected', async t => {
    const bytes = 64 * 1024 * 1024;
    const onRequest: RawHandlers['onRequest'] = ({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`);
      socket.write(Buffer.alloc(bytes));
    };
    // Two endpoints, because the last one is never ejected.
    const backends = [await startRawBackend({ onRequest }), await startRawBackend({ onRequest })];
    const upstream = { outlier: outlierSpec({ consecutiveErrors: 1 }) };
    const engine = await startEngine(
      backends.map(({ port }) => port),
      { upstream, routeTimeoutMs: TIMEOUT_MS },
    );
    t.after(async () => {
      await engine.stop();
      for (const backend of backends) await backend.stop();
    });
    const client = await ClientConnection.open(engine.port);
    client.socket.pause();
    client.send(get);
    await eventually(() => engine.gateway.inFlight === 1, 'the request is in progress');
    await eventually(() => engine.gateway.inFlight === 0, 'its time is up');
    assert.equal((await engine.accessLines())[0]!.code, 'exchange_timeout');
    assert.equal(engine.upstreamCell('ejections'), 0);
    client.destroy();
  });
});

test('a caller who sends slowly does not keep a breaker from closing: another request takes its place', async t => {
  const openMs = 2_500;
  let heads = 0;
  const handlers: RawHandlers = {
    onHead: () => void heads++,
    onRequest: ({ socket }, { path }) =>
      void socket.write(path === '/bad' ? 'HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n' : 'HTTP/1.1 204 X\r\n\r\n'),
  };
  const breaker = breakerSpec({ failures: 1, openMs, halfOpen: 1 });
  const { engine } = await engineBefore(t, handlers, { upstream: { breaker } });
  assert.equal(await statusOf(engine, get.replace('/', '/bad')), 500);
  assert.equal(await statusOf(engine, get), 503);
  // Because: no event tells that the time of an open breaker is over.
  await delay(openMs + 50);
  const slow = await ClientConnection.open(engine.port);
  t.after(async () => slow.destroy());
  const began = performance.now();
  slow.send(post);
  await eventually(() => heads === 2, 'half of a request has the only place');
  assert.equal(await statusOf(engine, get), 503);
  await eventually(async () => (await statusOf(engine, get)) === 204, 'another request has the place');
  assert.ok(performance.now() - began < openMs, 'sooner than that of a dead worker');
  assert.equal(await statusOf(engine, get), 204, 'the breaker is closed');
  slow.send('b');
  assert.equal((await slow.answers(1))[0]!.status, 204);
});
