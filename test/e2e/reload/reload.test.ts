// Reloads of the real command: under load, a thousand times, with broken files, by file change and by signal.

import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { startLoad } from '../../support/steady-load.ts';

/** Amount of work: `CARDEA_LONG=1` does the full amount that the issue asks for, CI a part of it. */
const long = process.env['CARDEA_LONG'] === '1';
const reloads = long ? 1_000 : 150;
const loadMs = long ? 30_000 : 8_000;

let connections = 0;
const backend = createServer({ keepAliveTimeout: 600_000 }, (_request, response) => response.end('ok'));
backend.on('connection', () => connections++);
let backendPort = 0;
before(async () => {
  backendPort = await listeningPort(backend);
});
after(() => {
  backend.close();
  backend.closeAllConnections();
});

interface ConfigPage {
  readonly version: string;
  readonly lastError: { readonly reason: string; readonly problems: { file: string; line: number }[] } | null;
}

function document(extra: string): string {
  return [
    'accessLog: { path: "off" }',
    `upstreams: { backend: { endpoints: ["http://127.0.0.1:${backendPort}"] } }`,
    'routes:',
    '  - { name: all, match: { path: /* }, to: backend }',
    extra,
    '',
  ].join('\n');
}

const replyRoute = (name: string) =>
  `  - { name: ${name}, match: { path: /reply }, to: { reply: { status: 200, body: ${name} } } }`;

async function configPage({ adminPort }: RunningGateway): Promise<ConfigPage> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/config`);
  // Because: these tests are about the shape of the page.
  return (await response.json()) as ConfigPage;
}

/** Keeps the first lines that `startGateway` wrote, replaces the rest with `body`, and renames the file into place as editors do. */
function change({ configPath }: RunningGateway, body: string): void {
  const opening = readFileSync(configPath, 'utf8').split('\n').slice(0, 3).join('\n');
  writeFileSync(`${configPath}.new`, `${opening}\n${body}`);
  renameSync(`${configPath}.new`, configPath);
}

async function reply({ port }: RunningGateway): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${port}/reply`, { headers: { connection: 'close' } })).text();
}

test('a changed file serves without a signal, and so does one by SIGHUP', async () => {
  const gateway = await startGateway(document(replyRoute('first')), { workers: 2 });
  try {
    assert.equal(await reply(gateway), 'first');
    change(gateway, document(replyRoute('second')));
    await eventually(async () => (await reply(gateway)) === 'second', 'the second version');
    const { version } = await configPage(gateway);
    change(gateway, document(replyRoute('third')));
    process.kill(gateway.pid, 'SIGHUP');
    await eventually(async () => (await configPage(gateway)).version !== version, 'the third version');
    for (let i = 0; i < 10; i++) assert.equal(await reply(gateway), 'third');
  } finally {
    assert.equal(await gateway.stop(), 0);
  }
});

test('a broken file leaves the old one serving and is told on /config until it is mended', async () => {
  const gateway = await startGateway(document(replyRoute('good')), { workers: 2 });
  try {
    const { version } = await configPage(gateway);
    change(gateway, document('  - { name: bad, match: { pth: /x }, to: backend }'));
    await eventually(async () => (await configPage(gateway)).lastError !== null, 'the error');
    const broken = await configPage(gateway);
    assert.equal(broken.version, version);
    assert.match(broken.lastError?.reason ?? '', /cardea\.yaml:\d+:\d+: .*pth/);
    assert.equal(await reply(gateway), 'good');
    assert.match(gateway.stderr(), /configuration not used/);
    change(gateway, document(replyRoute('mended')));
    await eventually(async () => (await reply(gateway)) === 'mended', 'the mended file');
    assert.equal((await configPage(gateway)).lastError, null);
  } finally {
    assert.equal(await gateway.stop(), 0);
  }
});

test(`under load with a reload every second, and SIGTERM at the end, no request fails (${loadMs / 1_000} s)`, async () => {
  const gateway = await startGateway(document(replyRoute('round-0')), { workers: 2 });
  const kept = startLoad(gateway.port, '/kept');
  const fresh = startLoad(gateway.port, '/fresh', { connections: 2, requestsPerConnection: 20 });
  const end = performance.now() + loadMs;
  let rounds = 0;
  const connectionsBefore = connections;
  while (performance.now() < end) {
    await delay(1_000);
    rounds++;
    change(gateway, document(replyRoute(`round-${rounds}`)));
    await eventually(async () => (await reply(gateway)) === `round-${rounds}`, `round ${rounds}`);
  }
  const opened = connections - connectionsBefore;
  process.kill(gateway.pid, 'SIGTERM');
  assert.equal(await gateway.exited, 0, gateway.stderr());
  const results = [await kept.stop(), await fresh.stop()];
  await gateway.stop();
  for (const { answered, failures, statuses } of results) {
    assert.deepEqual(failures, []);
    assert.deepEqual([...statuses.keys()], [200]);
    assert.ok(answered > 100, `${answered} answers`);
  }
  // The upstream did not change, so its pools were kept across all reloads.
  assert.ok(opened <= 20, `${opened} upstream connections for ${rounds} reloads`);
});

test(`${reloads} reloads leave the heap flat`, async () => {
  const gateway = await startGateway(document(replyRoute('start')), { workers: 2 });
  try {
    const heap = async (): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
      const resident = Number(/^process_resident_memory_bytes (\d+)/m.exec(text)?.[1]);
      assert.ok(resident > 0, 'a gateway without memory');
      return resident;
    };
    const reload = async (name: string): Promise<void> => {
      // Because: read after the change, this could be the new version, if the watch has already loaded it.
      const before = (await configPage(gateway)).version;
      change(gateway, document(replyRoute(name)));
      process.kill(gateway.pid, 'SIGHUP');
      await eventually(async () => (await configPage(gateway)).version !== before, name);
    };
    // Because: in the first rounds code gets compiled and memory pools fill.
    for (let i = 0; i < reloads / 3; i++) await reload(`warm-${i}`);
    const before = await heap();
    for (let i = 0; i < reloads; i++) await reload(`flat-${i}`);
    const grown = (await heap()) - before;
    // Includes garbage that no thread has a reason to collect yet, some 60 kB per reload: what remains after a collection is
    // measured in src/compile/compile-snapshot.test.ts.
    const most = 24 + (long ? 80 : 0);
    assert.ok(grown < most * 1_024 * 1_024, `resident memory grew by ${(grown / 1_048_576).toFixed(1)} MiB`);
  } finally {
    await gateway.stop();
  }
});
