// The admin endpoints of a running gateway: health follows its state, upstreams are summed over the workers, metrics count.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { startLoad } from '../../support/steady-load.ts';

const backend = createServer({ keepAliveTimeout: 600_000 }, (_request, response) => response.end('ok'));
let gateway: RunningGateway;
before(async () => {
  const port = await listeningPort(backend);
  gateway = await startGateway(
    [
      'accessLog: { path: "off" }',
      `upstreams: { backend: { endpoints: ["http://127.0.0.1:${port}"] } }`,
      'filters: [{ headers: { request: { set: { authorization: "Bearer s3cret" } } } }]',
      'routes:',
      '  - { name: all, match: { path: /* }, to: backend }',
      '  - { name: gone, match: { path: /gone }, to: { reply: { status: 410 } } }',
      '',
    ].join('\n'),
    { workers: 2 },
  );
});
after(async () => {
  await gateway?.stop();
  backend.close();
  backend.closeAllConnections();
});

function page(path: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${gateway.adminPort}${path}`);
}

async function jsonPage<Shape>(path: string): Promise<Shape> {
  // Because: these tests are about the shapes.
  return (await (await page(path)).json()) as Shape;
}

test('live and ready once the ready line is there', async () => {
  assert.equal((await page('/health/live')).status, 200);
  assert.equal((await page('/health/ready')).status, 200);
});

test('/config tells the version and real addresses, and hides secrets', async () => {
  const text = await (await page('/config')).text();
  assert.doesNotMatch(text, /s3cret/);
  const { version, listeners, workers } = JSON.parse(text);
  assert.match(version, /^[0-9a-f]{64}$/);
  assert.deepEqual(listeners, [`http://127.0.0.1:${gateway.port}`]);
  assert.deepEqual(workers, { serving: 2, wanted: 2 });
});

test('/routes lists what serves', async () => {
  const { routes } = await jsonPage<{ routes: { name: string; to: string }[] }>('/routes');
  assert.deepEqual(
    routes.map(({ name, to }) => [name, to]),
    [
      ['all', 'backend'],
      ['gone', 'reply 410'],
    ],
  );
});

test('/upstreams adds up the connections of all workers', async () => {
  const load = startLoad(gateway.port, '/x', { connections: 8, requestsPerConnection: 3 });
  interface Report {
    readonly workers: number;
    readonly upstreams: { name: string; endpoints: { active: number; idle: number; available: boolean }[] }[];
  }
  let open = 0;
  while (open < 2) {
    const { workers, upstreams } = await jsonPage<Report>('/upstreams');
    assert.equal(workers, 2);
    assert.equal(upstreams.length, 1);
    const [endpoint] = upstreams[0]!.endpoints;
    assert.equal(endpoint!.available, true);
    open = endpoint!.active + endpoint!.idle;
    await delay(10);
  }
  const { failures } = await load.stop();
  assert.deepEqual(failures, []);
});

test('/metrics counts what was answered, and scraping under load loses nothing', async () => {
  const load = startLoad(gateway.port, '/y', { connections: 4 });
  for (let i = 0; i < 20; i++) assert.equal((await page('/metrics')).status, 200);
  await load.stop();
  const text = await (await page('/metrics')).text();
  const counted = Number(/^cardea_requests_total\{route="all",class="2xx"\} (\d+)$/m.exec(text)?.[1]);
  assert.ok(counted > 0, text.slice(0, 500));
  assert.match(text, /^cardea_workers 2$/m);
  const { loadedAt } = await jsonPage<{ loadedAt: string }>('/config');
  const shown = /^cardea_config_last_success_timestamp_seconds (\S+)$/m.exec(text)?.[1];
  assert.equal(Number(shown), Date.parse(loadedAt) / 1_000, 'known before the first reload');
  assert.match(text, /^cardea_upstream_endpoints\{upstream="backend"\} 1$/m);
  assert.match(text, /^cardea_event_loop_delay_seconds\{stat="p99"\} /m);
});

test('a page of another origin is refused', async () => {
  const url = `http://127.0.0.1:${gateway.adminPort}/config`;
  assert.equal((await fetch(url, { headers: { origin: 'https://evil.example' } })).status, 403);
});
