// `cardea drill limits` as its users run it: its own gateways, a real Redis, a table with every key and window.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { startChild } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { startRedis } from '../../support/redis.ts';

const command = path.resolve(import.meta.dirname, '../../../bin/cardea');

/** A Redis, and a folder with a place for the configuration of the gateways. */
async function drillPlace(t: TestContext, options: Parameters<typeof startRedis>[0] = {}) {
  const redis = await startRedis(options);
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-drill-test-'));
  t.after(async () => {
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return { redis, folder, file: path.join(folder, 'cardea.yaml') };
}

test('two gateways hold one limit, and what they admitted is told', async t => {
  const { redis, file } = await drillPlace(t, { password: 'drill/secret' });
  writeFileSync(
    file,
    `listeners: [{ address: 127.0.0.1:0 }]
stores: { main: { url: "redis://:drill%2Fsecret@127.0.0.1:${redis.port}/2" } }
routes: [{ name: a, match: { path: / }, public: true, to: { reply: { status: 200 } } }]
`,
  );
  const drill = await startChild(command, [
    ...['drill', 'limits', '-c', file, '--gateways', '2', '--keys', '2', '--limit', '50', '--seconds', '2', '--json'],
  ]);
  assert.equal(await drill.exited, 0, drill.stderr());
  const { report, ...told } = JSON.parse(drill.stdout());
  assert.deepEqual([told.drill, told.gateways, told.weights, told.mode], ['limits', 2, [90, 10], 'shared']);
  assert.equal(report.length, 2);
  for (const { windows, admitted, failed } of report) {
    assert.equal(windows.length, 2);
    assert.equal(failed, 0);
    // 50 at once and 100 more in two seconds; twice the limit was offered.
    assert.ok(admitted >= 120 && admitted <= 170, `${admitted} admitted`);
  }
  assert.doesNotMatch(drill.stdout() + drill.stderr(), /secret/);
});

test('a drill that a signal ends leaves no gateway and no file behind', async t => {
  const { redis, folder, file } = await drillPlace(t);
  writeFileSync(
    file,
    `listeners: [{ address: 127.0.0.1:0 }]\nstores: { main: { url: "redis://127.0.0.1:${redis.port}" } }\nroutes: []\n`,
  );
  const temporary = path.join(folder, 'tmp');
  mkdirSync(temporary);
  const gateways = () =>
    readdirSync('/proc')
      .filter(pid => /^\d+$/.test(pid))
      .filter(pid => commandLine(pid).includes(`${temporary}/`));
  const drill = await startChild(command, ['drill', 'limits', '-c', file, '--gateways', '2', '--seconds', '60'], {
    TMPDIR: temporary,
  });
  await eventually(() => gateways().length === 2, 'both gateways run');
  process.kill(drill.pid, 'SIGTERM');
  assert.equal(await drill.exited, 'SIGTERM');
  assert.deepEqual([gateways(), readdirSync(temporary)], [[], []]);
});

/** Empty for a process that has ended. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

test('a configuration without a Redis is told so', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-drill-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'cardea.yaml');
  writeFileSync(file, 'listeners: [{ address: 127.0.0.1:0 }]\nroutes: []\n');
  const drill = await startChild(command, ['drill', 'limits', '-c', file]);
  assert.equal(await drill.exited, 2);
  assert.match(drill.stderr(), /names no Redis among its `stores`/);
});

test('a Redis that is not there is told, and nothing is measured', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-drill-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'cardea.yaml');
  writeFileSync(
    file,
    `listeners: [{ address: 127.0.0.1:0 }]\nstores: { main: { url: "redis://127.0.0.1:${await freePort()}" } }\nroutes: []\n`,
  );
  const drill = await startChild(command, ['drill', 'limits', '-c', file]);
  assert.equal(await drill.exited, 1);
  assert.match(drill.stderr(), /the store "main" is away: ECONNREFUSED/);
  assert.equal(drill.stdout(), '');
});
