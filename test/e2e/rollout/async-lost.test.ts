// Slow responses whose worker dies. A file of its own, run in parallel: it takes 15 s to notice that the worker is silent.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { slowReports } from './slow-reports.ts';

test('when the worker that waited is gone its callers are told so', async t => {
  const environment = { CARDEA_TEST_CRASH: 'terminate' };
  const { backend, ask, gateway, fetchUntil } = await slowReports(t, '{ after: 100ms }', '', {
    workers: 1,
    environment,
  });
  backend.answer = () => {};
  const told = await ask('/reports', 'POST', 'foo', 'x');
  assert.equal(told.status, 202);
  const location = String(told.headers['location']);
  process.kill(gateway.pid, 'SIGUSR2');
  await eventually(() => gateway.stderr().includes('worker replaced'), 'the new worker');
  const lost = await fetchUntil(location, ({ status }) => status !== 202, 25_000);
  assert.equal(lost.status, 502);
  assert.match(lost.body, /answer_lost/);
  assert.equal((await ask(location)).status, 502);
  const metrics = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  assert.match(metrics, /cardea_filter_events_total\{filter="async",event="lost"\} 1\n/);
});
