// An endpoint with `backup` gets requests while no other endpoint may be used, and only then.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { AdminUpstreams } from '../../../src/control/admin-view.ts';
import { ask } from '../../support/filter-gateway.ts';
import { freePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { metricReaches } from '../../support/metric.ts';
import { VersionBackend } from '../../support/version-backend.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-backup-'));
const list = path.join(folder, 'endpoints.yaml');

let gateway: RunningGateway;
let first: VersionBackend;
let standby: VersionBackend;
let isIll = false;

before(async () => {
  first = await VersionBackend.start('first');
  standby = await VersionBackend.start('standby');
  first.answer = ({ url }, response) => {
    const status = url === '/healthz' && isIll ? 503 : url === '/failing' ? 500 : 200;
    const send = () => response.writeHead(status, { 'x-version': 'first' }).end();
    if (url === '/slow') setTimeout(send, 200);
    else send();
  };
  const backup = `{ url: "http://127.0.0.1:${standby.port}", backup: true }`;
  const endpoints = `[${backup}, "http://127.0.0.1:${first.port}"]`;
  const healthCheck = '{ path: /healthz, interval: 100ms, timeout: 100ms, unhealthyAfter: 1, healthyAfter: 1 }';
  writeFileSync(list, `endpoints: ${endpoints}\n`);
  gateway = await startGateway(`accessLog: { path: "off" }
upstreams:
  users: { endpoints: ${endpoints}, healthCheck: ${healthCheck} }
  sticky: { endpoints: ${endpoints}, healthCheck: ${healthCheck}, affinity: { cookie: stick, secret: s } }
  hashed: { endpoints: ${endpoints}, healthCheck: ${healthCheck}, balance: maglev, hashOn: { ip: true } }
  failing: { endpoints: ${endpoints}, retry: { on: [500], backoff: 1ms } }
  refused: { endpoints: ["http://127.0.0.1:${await freePort()}", ${backup}], retry: { on: [connect], backoff: 1ms } }
  listed: { discover: { file: "${list}" }, healthCheck: ${healthCheck} }
routes:
  - { name: listed, public: true, match: { path: /listed }, to: listed }
  - { name: sticky, public: true, match: { path: /sticky }, to: sticky }
  - { name: hashed, public: true, match: { path: /hashed }, to: hashed }
  - { name: failing, public: true, match: { path: /failing }, to: failing }
  - { name: refused, public: true, match: { path: /refused }, to: refused }
  - { name: slow, public: true, match: { path: /slow }, to: users, hedge: { after: 20ms } }
  - { name: users, public: true, match: { path: /* }, to: users }
`);
});
after(async () => {
  await gateway.stop();
  await Promise.all([first.stop(), standby.stop()]);
  rmSync(folder, { recursive: true });
});

async function versionOf(path: string, headers: Record<string, string> = {}): Promise<string> {
  return String((await ask(gateway.port, { path, headers })).headers['x-version']);
}

async function become(ill: boolean): Promise<void> {
  isIll = ill;
  for (const upstream of ['users', 'sticky', 'hashed', 'listed'])
    await metricReaches(
      gateway,
      `cardea_upstream_backups_in_use{upstream="${upstream}"}`,
      ill ? 1 : 0,
      'it is noticed',
    );
}

test('a backup takes over while the other endpoint is unhealthy, and gives back', async () => {
  for (const path of ['/', '/hashed', '/listed'])
    for (let n = 0; n < 5; n++) assert.equal(await versionOf(path), 'first');
  await become(true);
  for (const path of ['/', '/hashed', '/listed'])
    for (let n = 0; n < 5; n++) assert.equal(await versionOf(path), 'standby');
  await become(false);
  for (const path of ['/', '/hashed', '/listed'])
    for (let n = 0; n < 5; n++) assert.equal(await versionOf(path), 'first');
});

test('a client does not stick to a backup once another endpoint may be used', async () => {
  await become(true);
  const moved = await ask(gateway.port, { path: '/sticky' });
  assert.equal(moved.headers['x-version'], 'standby');
  const cookie = String(moved.headers['set-cookie']).split(';')[0]!;
  assert.equal((await ask(gateway.port, { path: '/sticky', headers: { cookie } })).headers['set-cookie'], undefined);
  await become(false);
  assert.equal(await versionOf('/sticky', { cookie }), 'first');
});

test('a request that failed at every other endpoint is tried at a backup', async () => {
  assert.equal(await versionOf('/failing'), 'standby');
  assert.equal(await versionOf('/refused'), 'standby');
});

test('a slow request is no reason to ask a backup', async () => {
  await become(false);
  assert.equal(await versionOf('/slow'), 'first');
  assert.ok(!standby.seen.some(({ url }) => url === '/slow'));
});

test('/upstreams says which endpoint is a backup', async () => {
  const page = await fetch(`http://127.0.0.1:${gateway.adminPort}/upstreams`);
  // Because: this is what the admin endpoint gives.
  const { upstreams } = (await page.json()) as AdminUpstreams;
  const { endpoints } = upstreams.find(({ name }) => name === 'users')!;
  assert.deepEqual(
    endpoints.map(({ backup }) => backup),
    [true, undefined],
  );
});
