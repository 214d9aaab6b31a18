// Real workers on real ports: a start, reloads that add and remove, a worker that dies, a drain.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../test/support/eventually.ts';
import { startRedis } from '../../test/support/redis.ts';
import { redisCli } from '../../test/support/redis-cli.ts';
import { redisSpec, storeSpec } from '../../test/support/store-spec.ts';
import type { Config } from '../config/config.ts';
import { OperatorLog } from '../telemetry/operator-log.ts';
import type { LoadedFile } from './load.ts';
import { sampleConfig, sampleRoute, sampleUpstream } from './sample-config.fixture.ts';
import { Supervisor } from './supervisor.ts';

let next = sampleConfig();
const lines: string[] = [];
const log = new OperatorLog({ format: 'json', write: text => lines.push(text) });

function loaded(config: Config): LoadedFile {
  const locate: LoadedFile['locate'] = problem => ({ ...problem, file: 'cardea.yaml', line: 1, column: 1 });
  return {
    config,
    files: [],
    problems: [],
    locate,
    tls: { listeners: [], upstreams: new Map(), certificates: [], revocationLists: [] },
    pairs: new Map(),
    refused: [],
  };
}

async function started(config: Config, workers = 2): Promise<Supervisor> {
  const supervisor = new Supervisor({ workers, load: async () => loaded(next), version: '1.2.3', log });
  after(() => supervisor.abandon());
  const result = await supervisor.start(loaded(config));
  assert.deepEqual(result.ok, true, JSON.stringify(result));
  return supervisor;
}

/** A new connection for each request, so that every worker gets some. */
async function get(url: string): Promise<string> {
  const response = await fetch(url, { headers: { connection: 'close' } });
  return `${response.status} ${await response.text()}`;
}

const listener = sampleConfig().listeners[0]!;
const one = [sampleRoute('one', '/one')];
const two = [...one, sampleRoute('two', '/two')];

test('all workers serve on the one port that the system chose, and a reload keeps it', async () => {
  const supervisor = await started(sampleConfig({ routes: one }));
  const [url = ''] = supervisor.status.listeners;
  assert.doesNotMatch(url, /:0$/);
  for (let i = 0; i < 20; i++) assert.equal(await get(`${url}/one`), '200 one');
  next = sampleConfig({ routes: two });
  assert.equal(await supervisor.reload('test'), null);
  assert.deepEqual(supervisor.status.listeners, [url]);
  for (let i = 0; i < 20; i++) assert.equal(await get(`${url}/two`), '200 two');
  await supervisor.drain();
  await assert.rejects(get(`${url}/one`));
});

test('a reload that is asked for while it starts comes once it serves', async () => {
  next = sampleConfig({ routes: two });
  let isServing = () => {};
  const serving = new Promise<void>(resolve => (isServing = resolve));
  const load = async () => {
    setImmediate(isServing);
    return loaded(next);
  };
  const supervisor = new Supervisor({ workers: 1, load, version: '1.2.3', log });
  after(() => supervisor.abandon());
  const starting = supervisor.start(loaded(sampleConfig({ routes: one })));
  await supervisor.reload('test');
  await starting;
  await serving;
  // Runs after the reload that was requested during the start.
  assert.equal(await supervisor.reload('again'), null);
  assert.equal(await get(`${supervisor.status.listeners[0]}/two`), '200 two');
  await supervisor.drain();
});

test('a configuration that workers cannot compile changes nothing, and says why', async () => {
  const supervisor = await started(sampleConfig({ routes: one }));
  const [url] = supervisor.status.listeners;
  next = sampleConfig({ routes: [...two, sampleRoute('again', '/two')] });
  const failure = await supervisor.reload('test');
  assert.match(failure?.reason ?? '', /"again" can never be chosen/);
  assert.equal(supervisor.status.lastFailure, failure);
  assert.equal(await get(`${url}/one`), '200 one');
  assert.match(await get(`${url}/two`), /^404/);
  next = sampleConfig({ routes: two });
  assert.equal(await supervisor.reload('test'), null);
  assert.equal(supervisor.status.lastFailure, null);
  await supervisor.drain();
});

test('a configuration with a canary that workers cannot compile leaves no connection to the canary’s store', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const supervisor = await started(sampleConfig({ routes: one }), 1);
  const canary = {
    upstream: 'next',
    steps: [{ share: 1, forMs: 0 }],
    by: { kind: 'request' },
    always: { headers: [], cookies: [], consumers: [] },
    errorRate: 0.01,
    p99Factor: 0,
    minimum: 100,
    store: 'main',
  } as const;
  const to = { kind: 'upstream', upstream: 'u' } as const;
  next = sampleConfig({
    routes: [sampleRoute('c', '/c', { to, canary }), sampleRoute('again', '/c')],
    upstreams: [sampleUpstream('u', [redis.port]), sampleUpstream('next', [redis.port])],
    stores: [redisSpec(redis.port)],
  });
  assert.match((await supervisor.reload('test'))?.reason ?? '', /"again" can never be chosen/);
  const clients = async () =>
    /^connected_clients:(\d+)/m.exec(await redisCli('-p', redis.port, 'INFO', 'clients'))?.[1];
  await eventually(async () => (await clients()) === '1', 'only the client that counts is connected');
  await supervisor.drain();
});

test('a listener is added, and taken away again, while the other serves on', async () => {
  const supervisor = await started(sampleConfig({ routes: one }));
  const [url] = supervisor.status.listeners;
  next = sampleConfig({ routes: one, listeners: [listener, { ...listener, host: '127.0.0.2' }] });
  assert.equal(await supervisor.reload('test'), null);
  const [same, added] = supervisor.status.listeners;
  assert.equal(same, url);
  for (let i = 0; i < 10; i++) assert.equal(await get(`${added}/one`), '200 one');
  next = sampleConfig({ routes: one });
  assert.equal(await supervisor.reload('test'), null);
  await assert.rejects(get(`${added}/one`));
  assert.equal(await get(`${url}/one`), '200 one');
  await supervisor.drain();
});

test('an address that another process has is one clear message, and nothing changes', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const supervisor = await started(sampleConfig({ routes: one }));
  const [url] = supervisor.status.listeners;
  next = sampleConfig({ routes: two, listeners: [listener, { ...listener, port }] });
  const failure = await supervisor.reload('test');
  assert.equal(failure?.reason, `cannot listen on 127.0.0.1:${port}: the port is in use by another process`);
  assert.deepEqual(supervisor.status.listeners, [url]);
  assert.match(await get(`${url}/two`), /^404/);
  await supervisor.drain();
  other.close();
});

for (const how of ['throw', 'terminate'] as const) {
  test(`a worker that is lost (${how}) is replaced while the port answers`, async () => {
    const supervisor = await started(sampleConfig({ routes: one }));
    const [url] = supervisor.status.listeners;
    next = sampleConfig({ routes: two });
    await supervisor.reload('test');
    await supervisor.crashWorker(how);
    await eventually(() => supervisor.status.workersServing < 2, 'it is missed');
    for (let i = 0; i < 5; i++) assert.equal(await get(`${url}/two`), '200 two');
    await eventually(() => supervisor.status.workersServing === 2, 'it is replaced');
    for (let i = 0; i < 20; i++) assert.equal(await get(`${url}/two`), '200 two');
    assert.ok(lines.some(line => line.includes('worker died and is replaced')));
    // The replacement takes part in the next reload.
    next = sampleConfig({ routes: one });
    assert.equal(await supervisor.reload('test'), null);
    for (let i = 0; i < 20; i++) assert.match(await get(`${url}/two`), /^404/);
    await supervisor.drain();
  });
}

test('a lost worker is replaced although its configuration compiles with a warning', async () => {
  const forwarded = { name: 'x-forwarded-for', match: { kind: 'present' } } as const;
  const match = { ...sampleRoute('behind', '/behind').match, headers: [forwarded] };
  const supervisor = await started(sampleConfig({ routes: [...one, sampleRoute('behind', '/behind', { match })] }), 1);
  const [url] = supervisor.status.listeners;
  await supervisor.crashWorker('terminate');
  await eventually(() => supervisor.status.workersServing === 0, 'it is missed');
  await eventually(() => supervisor.status.workersServing === 1, 'it is replaced');
  assert.equal(await get(`${url}/one`), '200 one');
  await supervisor.drain();
});

test('a worker that takes the place of another counts once it listens, not while it compiles', async () => {
  const routes = Array.from({ length: 5_000 }, (_, at) => sampleRoute(`r${at}`, `/r${at}/{id}`));
  const supervisor = await started(sampleConfig({ routes }), 1);
  const [url] = supervisor.status.listeners;
  await supervisor.crashWorker('terminate');
  await eventually(() => supervisor.status.workersServing === 0, 'it is missed');
  while (supervisor.status.workersServing === 0) await delay(1);
  assert.equal(await get(`${url}/r1/x`), '200 r1');
  await supervisor.drain();
});

test('a drain does not wait for a reload that waits for something: that is given up, and what served before drains', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const supervisor = await started(sampleConfig({ routes: one }));
  const [url] = supervisor.status.listeners;
  const { version } = supervisor.status.config!;
  // The workers wait for a store that accepts connections and never answers.
  const deferral = { afterMs: 1_000, keepMs: 60_000, answerBytesMax: 1_024, memoryBytes: 65_536, store: 'main' };
  const to = { kind: 'upstream', upstream: 'u' } as const;
  next = sampleConfig({
    routes: [...one, sampleRoute('later', '/later', { to, async: deferral })],
    upstreams: [sampleUpstream('u', [port])],
    stores: [storeSpec({ nodes: [{ host: '127.0.0.1', port }], connectTimeoutMs: 60_000 })],
  });
  const reloading = supervisor.reload('test');
  const [waiting] = await once(silent, 'connection');
  assert.equal(await get(`${url}/one`), '200 one');
  await supervisor.drain();
  assert.match((await reloading)?.reason ?? 'it serves', /about to stop/);
  assert.equal(supervisor.status.config?.version, version);
  await assert.rejects(get(`${url}/one`));
  waiting.destroy();
  silent.close();
});
