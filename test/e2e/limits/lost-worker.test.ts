// A worker that dies: what it counted stays counted, and what it held in flight becomes free.

import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { ask } from '../../support/filter-gateway.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

async function loseWorker({ pid, adminPort, port }: RunningGateway): Promise<void> {
  process.kill(pid, 'SIGUSR2');
  const metrics = async () => (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  // Because: nothing reports when a worker has been replaced.
  await eventually(async () => /^cardea_worker_restarts_total 1$/m.test(await metrics()), 'the worker is replaced');
  const listens = () =>
    ask(port, { path: '/none' }).then(
      () => true,
      () => false,
    );
  await eventually(listens, 'the new one listens');
}

test('a worker that replaces another goes on with its counts, and without its requests', async t => {
  const held: ServerResponse[] = [];
  const backend = createServer((_request, response) => void held.push(response));
  const port = await listeningPort(backend);
  const gateway = await startGateway(
    `accessLog: { path: "off" }
upstreams: { slow: { endpoints: ["http://127.0.0.1:${port}"] } }
routes:
  - { name: counted, match: { path: /counted }, filters: [{ rateLimit: { limit: 3/month } }], to: { reply: { status: 200, body: ok } } }
  - { name: slow, match: { path: /slow }, filters: [{ rateLimit: { concurrency: 2 } }], to: slow }
`,
    { workers: 1, environment: { CARDEA_TEST_CRASH: 'terminate' } },
  );
  t.after(async () => {
    backend.closeAllConnections();
    backend.close();
    await gateway.stop();
  });
  const status = async (path: string) => (await ask(gateway.port, { path })).status;
  for (const expected of [200, 200, 200, 429]) assert.equal(await status('/counted'), expected);
  const lost = [status('/slow'), status('/slow')].map(each => each.catch(() => 'lost'));
  await eventually(() => held.length === 2, 'both are under way');
  assert.equal(await status('/slow'), 429);

  await loseWorker(gateway);
  assert.deepEqual(await Promise.all(lost), ['lost', 'lost']);
  assert.equal(await status('/counted'), 429);
  const startedAt = performance.now();
  let again: number | null = null;
  while (again === null) {
    const answer = status('/slow');
    // Because: the places become free when the dead worker was silent for five seconds.
    while (held.length < 3 && (await Promise.race([answer, delay(50)])) === undefined);
    if (held.length < 3) continue;
    held.at(-1)!.end();
    again = await answer;
  }
  assert.equal(again, 200);
  assert.ok(performance.now() - startedAt < 8_000);
});
