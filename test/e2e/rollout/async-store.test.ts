// Slow responses kept in a store: any gateway that shares it returns them, after restarts too, and what clients get without the store.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { metric } from '../../support/metric.ts';
import { startRedis } from '../../support/redis.ts';
import { VersionBackend } from '../../support/version-backend.ts';
import { reportsGateway } from './slow-reports.ts';

const deferral = '{ after: 100ms, store: shared }';

/** A backend that holds its responses until the test releases them. */
async function heldBackend(t: TestContext) {
  const backend = await VersionBackend.start('reports');
  t.after(() => backend.stop());
  const held: ((text: string) => void)[] = [];
  backend.answer = (_, response) => held.push(text => response.writeHead(200, { 'x-report': '7' }).end(text));
  return { backend, held };
}

test('Redis: any gateway that shares it gives the answer, to its caller alone, also after a restart', async t => {
  const redis = await startRedis({ password: 'pass-of-redis-3141' });
  t.after(() => redis.stop());
  const { backend, held } = await heldBackend(t);
  const stores = `stores: { shared: { url: "${redis.url}" } }\n`;
  const start = (workers: number) => reportsGateway(t, backend, deferral, '', { workers }, stores);
  const [first, second] = await Promise.all([start(2), start(1)]);
  const told = await first.ask('/reports', 'POST', 'foo', 'x');
  assert.equal(told.status, 202);
  const location = String(told.headers['location']);
  assert.equal((await second.ask(location)).status, 202);
  held[0]!('the report');
  const answer = await second.fetchUntil(location, ({ status }) => status !== 202);
  assert.deepEqual([answer.status, answer.headers['x-report'], answer.body], [200, '7', 'the report']);
  for (const { ask } of [first, second]) {
    for (let n = 0; n < 4; n++) assert.equal((await ask(location)).body, 'the report');
    const other = await ask(location, 'GET', 'bar');
    assert.equal(other.status, 404);
    assert.match(other.body, /answer_not_found/);
    assert.equal((await ask(location, 'GET', null)).status, 401);
  }
  assert.equal(await first.gateway.stop(), 0);
  const third = await start(1);
  assert.equal((await third.ask(location)).body, 'the report');
});

test('a reload that changes the store: who was told to come back before finds the answer in it all the same', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const { backend, held } = await heldBackend(t);
  const store = `url: "${redis.url}"`;
  const opening = `drainTimeout: 50ms\nstores: { shared: { ${store} } }\n`;
  const { gateway, ask, fetchUntil } = await reportsGateway(t, backend, deferral, '', { workers: 1 }, opening);
  const told = await ask('/reports', 'POST', 'foo', 'x');
  assert.equal(told.status, 202);
  const text = readFileSync(gateway.configPath, 'utf8');
  writeFileSync(`${gateway.configPath}.new`, text.replace(store, `${store}, commandTimeout: 900ms`));
  renameSync(`${gateway.configPath}.new`, gateway.configPath);
  await eventually(() => gateway.stderr().includes('configuration reloaded'), 'the reload');
  // Because: nothing reports that a store was not closed. A wrong close would have happened by now.
  await new Promise(resolve => setTimeout(resolve, 300));
  held[0]!('the report');
  const answer = await fetchUntil(String(told.headers['location']), ({ status }) => status !== 202);
  assert.deepEqual([answer.status, answer.body], [200, 'the report']);
});

test('Redis is away: clients wait on, polls get 503, the loop goes on; what came meanwhile is there when it is back', async t => {
  const redis = await startRedis();
  t.after(async () => {
    redis.resume();
    await redis.stop();
  });
  const { backend, held } = await heldBackend(t);
  const stores = `stores: { shared: { url: "${redis.url}", commandTimeout: 100ms } }\n`;
  const { ask, fetchUntil, gateway } = await reportsGateway(t, backend, deferral, '', { workers: 2 }, stores);
  const told = await ask('/reports', 'POST', 'foo', 'x');
  const location = String(told.headers['location']);
  assert.equal(told.status, 202);

  redis.pause();
  const waiting = ask('/reports', 'POST', 'foo', 'second');
  const away = await fetchUntil(location, ({ status }) => status === 503);
  assert.match(away.body, /answers_unavailable/);
  assert.equal(away.headers['retry-after'], '2');
  held[0]!('came meanwhile');
  // No client polls: the second request asks the store, once its time to be deferred has come.
  const asked = await metric(gateway, eventSeries('store_away'));
  await eventually(async () => (await metric(gateway, eventSeries('store_away'))) > asked, 'the store is asked again');
  await eventually(
    () => /slow requests are not deferred, clients keep waiting: the store is away/.test(gateway.stderr()),
    'it is in the log',
  );
  held[1]!('at once');
  const second = await waiting;
  assert.deepEqual([second.status, second.body], [200, 'at once'], 'nobody was told to come back');

  redis.resume();
  const kept = await fetchUntil(location, ({ status }) => status === 200, 15_000);
  assert.equal(kept.body, 'came meanwhile');
  assert.equal(await metric(gateway, eventSeries('deferred')), 1);
});

function eventSeries(event: string): string {
  return `cardea_filter_events_total{filter="async",event="${event}"}`;
}

test('SQLite: answers outlive the process, and one that nobody waits for any more is told as lost', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-answers-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'state.db');
  const { backend, held } = await heldBackend(t);
  const stores = `stores: { shared: { url: "sqlite:${file}" } }\n`;
  const first = await reportsGateway(t, backend, deferral, '', { workers: 2 }, stores);
  const locations: string[] = [];
  for (let n = 0; n < 2; n++) {
    const told = await first.ask('/reports', 'POST', 'foo', 'x');
    assert.equal(told.status, 202);
    locations.push(String(told.headers['location']));
  }
  held[0]!('kept over a restart');
  const [kept, lost] = locations;
  await first.fetchUntil(kept!, ({ status }) => status === 200);
  process.kill(first.gateway.pid, 'SIGKILL');
  await first.gateway.exited;

  const second = await reportsGateway(t, backend, deferral, '', { workers: 2 }, stores);
  for (let n = 0; n < 4; n++) assert.equal((await second.ask(kept!)).body, 'kept over a restart');
  assert.equal((await second.ask(kept!, 'GET', 'bar')).status, 404);
  assert.equal((await second.ask(lost!)).status, 202);
  // Sets the last sign of life of the waiting gateway back, past the allowed silence.
  const database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec("UPDATE cardea_answers SET heard = 1000 WHERE state = 'w'");
  database.close();
  const gone = await second.ask(lost!);
  assert.equal(gone.status, 502);
  assert.match(gone.body, /answer_lost/);
});
