// A canary's state in a store, with the real command: restarts and other gateways continue from it; no request gets an unknown canary.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ChaosLoad } from '../../chaos/chaos-load.ts';
import { eventuallySeen } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startRedis } from '../../support/redis.ts';
import { VersionBackend } from '../../support/version-backend.ts';

interface CanaryPage {
  readonly phase: string;
  readonly step: string;
  readonly share: number;
  readonly store: string;
  readonly decisions: readonly { readonly kind: string; readonly reason: string }[];
}

/** Both versions, and gateways in front of them that keep their canary in the same store. */
async function versions(t: TestContext, storeUrl: string) {
  const [stable, canary] = await Promise.all(['v1', 'v2'].map(name => VersionBackend.start(name)));
  t.after(() => Promise.all([stable!.stop(), canary!.stop()]));
  const start = async (steps: string) => {
    const gateway = await startGateway(
      `accessLog: { path: off }
stores: { shared: { url: "${storeUrl}", connectTimeout: 200ms } }
upstreams:
  v1: { endpoints: [ "http://127.0.0.1:${stable!.port}" ] }
  v2: { endpoints: [ "http://127.0.0.1:${canary!.port}" ] }
routes:
  - name: users
    public: true
    match: { path: /* }
    to: v1
    canary: { upstream: v2, steps: ${steps}, for: 300ms, always: { headers: { x-beta: true } }, success: { minimum: 20, p99: 100 }, store: shared }
`,
      { workers: 2 },
    );
    t.after(() => gateway.stop());
    return gateway;
  };
  return { stable: stable!, canary: canary!, start };
}

async function pageOf({ adminPort }: RunningGateway): Promise<CanaryPage> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/routes`);
  // Because: the gateway itself writes the page.
  const { routes } = (await answer.json()) as { routes: { canary: CanaryPage }[] };
  return routes[0]!.canary;
}

async function until(gateway: RunningGateway, what: (page: CanaryPage) => boolean): Promise<CanaryPage> {
  return await eventuallySeen(() => pageOf(gateway), what, 'the canary is there');
}

async function versionFor(gateway: RunningGateway, headers: Record<string, string> = {}): Promise<string | null> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port}/`, { headers: { ...headers, connection: 'close' } });
  await answer.text();
  return answer.headers.get('x-version');
}

test('SQLite: what was rolled back gets no request after a restart; another definition begins anew, and goes on after one', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-canary-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'state.db');
  const { canary, start } = await versions(t, `sqlite:${file}`);
  canary.status = 500;
  const first = await start('[30%, 100%]');
  const load = new ChaosLoad(`http://127.0.0.1:${first.port}/`);
  const before = await until(first, ({ phase }) => phase === 'rolledBack');
  await load.stop();
  // The rollback is stored a moment after it takes effect.
  const database = new DatabaseSync(file, { timeout: 5_000 });
  while (!/"phase":"rolledBack"/.test(String(database.prepare('SELECT text FROM cardea_records').get()?.['text']))) {
    await delay(20);
  }
  database.close();
  process.kill(first.pid, 'SIGKILL');
  await first.exited;

  canary.seen.length = 0;
  const second = await start('[30%, 100%]');
  for (let n = 0; n < 20; n++) assert.equal(await versionFor(second, n % 2 === 0 ? {} : { 'x-beta': '1' }), 'v1');
  const page = await pageOf(second);
  assert.deepEqual([page.phase, page.share, page.store], ['rolledBack', 0, 'shared']);
  assert.deepEqual(page.decisions, before.decisions);
  assert.equal(canary.seen.length, 0);
  assert.match(second.stderr(), /canary continues from its stored state/);
  assert.doesNotMatch(second.stderr(), /canary started/);
  await second.stop();

  canary.status = 200;
  const third = await start('[50%, 90%, 100%]');
  const again = new ChaosLoad(`http://127.0.0.1:${third.port}/`);
  await until(third, ({ phase }) => phase === 'promoted');
  await again.stop();
  assert.deepEqual(again.failures, []);
  await third.stop();
  const fourth = await start('[50%, 90%, 100%]');
  for (let n = 0; n < 10; n++) assert.equal(await versionFor(fourth), 'v2');
  assert.equal((await pageOf(fourth)).phase, 'promoted');
});

test('Redis: what one gateway sees is decided for all; until its store tells, nobody gets the canary', async t => {
  const port = await freePort();
  const { canary, start } = await versions(t, `redis://127.0.0.1:${port}`);
  // Redis does not run yet.
  const first = await start('[30%, 60%, 100%]');
  for (let n = 0; n < 10; n++) assert.equal(await versionFor(first, { 'x-beta': '1' }), 'v1');
  assert.equal((await pageOf(first)).phase, 'unknown');
  assert.match(first.stderr(), /canaries take no steps: their store is away/);

  const redis = await startRedis({ port });
  t.after(() => redis.stop());
  await until(first, ({ phase }) => phase === 'step');
  const second = await start('[30%, 60%, 100%]');
  const load = new ChaosLoad(`http://127.0.0.1:${first.port}/`);
  // The second gateway has no traffic, and follows the decisions of the first.
  const page = await until(second, ({ step }) => step !== '1 of 3');
  assert.match(page.phase, /step|promoted/);
  await until(second, ({ phase }) => phase === 'promoted');
  assert.equal(await versionFor(second), 'v2');
  await until(first, ({ phase }) => phase === 'promoted');
  await load.stop();
  assert.deepEqual(load.failures, []);

  canary.status = 500;
  const [third, fourth] = await Promise.all([start('[40%, 100%]'), start('[40%, 100%]')]);
  const bad = new ChaosLoad(`http://127.0.0.1:${third.port}/`);
  await until(third, ({ phase }) => phase === 'rolledBack');
  await bad.stop();
  await until(fourth, ({ phase }) => phase === 'rolledBack');
  assert.equal(await versionFor(fourth, { 'x-beta': '1' }), 'v1');
  // The other definition is another canary, and keeps its state.
  assert.equal((await pageOf(second)).phase, 'promoted');
});
