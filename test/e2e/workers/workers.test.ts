// Workers of the real command that die are replaced while the port keeps answering.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, eventuallySeen } from '../../support/eventually.ts';
import { startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { metric, metricReaches } from '../../support/metric.ts';
import { startLoad } from '../../support/steady-load.ts';

const document = [
  'accessLog: { path: "off" }',
  'routes: [{ name: all, match: { path: /* }, to: { reply: { status: 200, body: here } } }]',
  '',
].join('\n');

for (const how of ['throw', 'terminate']) {
  test(`a worker that is lost under load (${how}) is replaced; only its own connections notice`, async () => {
    const gateway = await startGateway(document, { workers: 2, environment: { CARDEA_TEST_CRASH: how } });
    const load = startLoad(gateway.port, '/', { connections: 8 });
    try {
      for (let crash = 1; crash <= 2; crash++) {
        process.kill(gateway.pid, 'SIGUSR2');
        await metricReaches(gateway, 'cardea_worker_restarts_total', crash, 'it is missed');
        await metricReaches(gateway, 'cardea_workers', 2, 'it is replaced');
        const before = load.answered;
        await eventually(() => load.answered >= before + 50, 'the load goes on');
      }
      const ready = await fetch(`http://127.0.0.1:${gateway.adminPort}/health/ready`);
      assert.equal(ready.status, 200);
      const { failures, statuses } = await load.stop();
      // What a dead worker had in progress is lost with it: at most one request per connection and crash.
      assert.ok(failures.length <= 16, failures.join('\n'));
      assert.deepEqual([...statuses.keys()], [200]);
    } finally {
      await load.stop();
      assert.equal(await gateway.stop(), 0);
    }
  });
}

test('a warning that compiling finds is logged once at the start and once at a reload, and not for a replaced worker', async () => {
  const forwarded = document.replace('path: /*', '$&, headers: { x-forwarded-for: true }');
  const options = { workers: 2, environment: { CARDEA_TEST_CRASH: 'terminate' } };
  const gateway = await startGateway(forwarded, options);
  const warnings = () => gateway.stderr().split('no request has x-forwarded-for').length - 1;
  try {
    assert.equal(warnings(), 1, gateway.stderr());
    process.kill(gateway.pid, 'SIGUSR2');
    await metricReaches(gateway, 'cardea_worker_restarts_total', 1, 'it is missed');
    await metricReaches(gateway, 'cardea_workers', 2, 'it is replaced');
    assert.equal(warnings(), 1, gateway.stderr());
    appendFileSync(gateway.configPath, 'drainTimeout: 7s\n');
    await eventually(() => gateway.stderr().includes('configuration reloaded'), 'it is reloaded');
    await eventually(() => warnings() === 2, 'the reload warns');
  } finally {
    assert.equal(await gateway.stop(), 0);
  }
  assert.equal(warnings(), 2, gateway.stderr());
});

test('without the variable of the tests, the signal of the tests is told and changes nothing', async () => {
  const gateway = await startGateway(document, { workers: 1 });
  try {
    process.kill(gateway.pid, 'SIGUSR2');
    await eventually(() => gateway.stderr().includes('SIGUSR2 has no effect here'), 'it is told');
    assert.equal((await fetch(`http://127.0.0.1:${gateway.port}/`)).status, 200);
    assert.equal(await metric(gateway, 'cardea_worker_restarts_total'), 0);
  } finally {
    assert.equal(await gateway.stop(), 0);
  }
});

test('workers live on while the process has no file descriptor left, and the metrics are shown', async () => {
  const gateway = await startGateway(document, { workers: 2 });
  const limitFiles = (soft: number) => execFileSync('prlimit', [`--pid=${gateway.pid}`, `--nofile=${soft}:`]);
  // A connection opened before, because none can be accepted meanwhile.
  const admin = connect(gateway.adminPort, '127.0.0.1');
  let received = '';
  admin.on('data', chunk => {
    received += chunk.toString();
  });
  try {
    await fetch(`http://127.0.0.1:${gateway.port}/`);
    admin.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await eventually(() => received !== '', 'only an answer says that it was accepted');
    received = '';
    limitFiles(3);
    // Each worker checks its memory once a second.
    await delay(2_500);
    admin.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await eventually(() => {
      assert.doesNotMatch(received, /HTTP\/1.1 500/);
      return received.includes('cardea_worker_restarts_total');
    }, 'the page');
    limitFiles(1_024);
    assert.equal((await fetch(`http://127.0.0.1:${gateway.port}/`)).status, 200);
    assert.equal(await metric(gateway, 'cardea_worker_restarts_total'), 0);
    assert.doesNotMatch(gateway.stderr(), /worker failed/);
  } finally {
    admin.destroy();
    assert.equal(await gateway.stop(), 0);
  }
});

test('the heaps of all workers take half of what the process may take, in a container of what that may', async t => {
  const small = `import { isMainThread, resourceLimits } from 'node:worker_threads';
    if (isMainThread) process.constrainedMemory = () => 2 ** 31;
    else process.stderr.write('heap of ' + resourceLimits.maxOldGenerationSizeMb + ' MB\\n');`;
  const gateway = await startGateway(document, {
    workers: 2,
    environment: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(small)}` },
  });
  t.after(() => gateway.stop());
  await eventually(() => gateway.stderr().split('heap of 512 MB').length === 3, 'both have a quarter of 2 GiB');
});

test('clients that use the file descriptors up leave some to endpoints and the admin, and the operator hears of it once', async () => {
  const backend = createServer((_, response) => response.end('from behind'));
  const port = await listeningPort(backend);
  const gateway = await startGateway(
    [
      'accessLog: { path: "off" }',
      `upstreams: { a: { endpoints: ["http://127.0.0.1:${port}"] } }`,
      'routes: [{ name: all, match: { path: /* }, to: a }]',
      '',
    ].join('\n'),
  );
  const clients: Socket[] = [];
  try {
    execFileSync('prlimit', [`--pid=${gateway.pid}`, '--nofile=160:']);
    let closed = 0;
    for (let i = 0; i < 200; i++) {
      const client = connect(gateway.port, '127.0.0.1');
      client.on('close', () => closed++).on('error', () => {});
      clients.push(client);
    }
    await eventually(() => closed > 40, 'some are turned away');
    const first = clients[0]!;
    first.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [answer]: unknown[] = await once(first, 'data');
    assert.match(String(answer), /^HTTP\/1.1 200 /);
    const refused = 'cardea_connections_refused_total{reason="descriptors"}';
    // Because: more connections may be turned away meanwhile.
    await eventuallySeen(
      () => metric(gateway, refused),
      seen => seen === closed,
      'each is counted',
    );
    assert.equal(await metric(gateway, 'process_max_fds'), 160);
    assert.ok((await metric(gateway, 'process_open_fds')) > 100);
    const told = gateway
      .stderr()
      .split('\n')
      .filter(line => line.includes('file descriptors run out'));
    assert.equal(told.length, 1, gateway.stderr());
    assert.match(told[0]!, /"limit":160/);
    for (const client of clients) client.destroy();
    await metricReaches(gateway, 'cardea_connections_open', 0, 'they have left');
    assert.equal((await fetch(`http://127.0.0.1:${gateway.port}/`)).status, 200);
  } finally {
    for (const client of clients) client.destroy();
    await gateway.stop();
    backend.closeAllConnections();
    backend.close();
  }
});
