// Quotas of the real command: what a reload of their store keeps, and which addresses count as one.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { ask } from '../../support/filter-gateway.ts';
import { startGateway } from '../../support/gateway.ts';
import { reloadWith } from '../../support/reload-with.ts';

const reply = 'public: true, to: { reply: { status: 200, body: ok } }';

for (const [when, isOpenStill] of [
  ['before it was closed', true],
  ['when it is closed', false],
] as const) {
  test(`a store that a reload takes away and another brings back ${when} keeps quotas`, async t => {
    const folder = mkdtempSync(path.join(tmpdir(), 'cardea-quota-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const stores = `stores: { state: { url: "sqlite:${folder}/state.db" } }\n`;
    const quota = 'filters: [{ quota: { limit: 3/day, store: state, by: ip, onStoreFailure: closed } }]';
    const gateway = await startGateway(`drainTimeout: 100ms
accessLog: { path: "off" }
${stores}routes:
  - { name: counted, match: { path: /counted }, ${quota}, ${reply} }
`);
    t.after(() => gateway.stop());
    const statuses = async (requests: number) => {
      const seen = [];
      for (let n = 0; n < requests; n++) seen.push((await ask(gateway.port, { path: '/counted' })).status);
      return seen;
    };
    assert.deepEqual(await statuses(1), [200]);
    const before = readFileSync(gateway.configPath, 'utf8');
    await reloadWith(gateway, text => text.replace(stores, '').replace(`${quota}, `, ''));
    const closed = () => eventually(() => !existsSync(`${folder}/state.db-wal`), 'the store is closed');
    if (!isOpenStill) await closed();
    await reloadWith(gateway, () => before);
    if (isOpenStill) await delay(1_000); // Because: nothing tells when the store of before is closed while the new one is open.
    assert.deepEqual(await statuses(4), [200, 200, 429, 429]);
    assert.doesNotMatch(gateway.stderr(), /quotas are not kept/);
  });
}

test('a quota goes on where it was when the gateway is started again', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-quota-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const quota = 'filters: [{ quota: { limit: 5/month, store: state, by: ip } }]';
  const used = async (requests: number) => {
    const gateway = await startGateway(`accessLog: { path: "off" }
stores: { state: { url: "sqlite:${folder}/state.db" } }
routes: [{ name: counted, match: { path: /counted }, ${quota}, ${reply} }]
`);
    const statuses = [];
    for (let n = 0; n < requests; n++) statuses.push((await ask(gateway.port, { path: '/counted' })).status);
    assert.equal(await gateway.stop(), 0);
    return statuses;
  };
  assert.deepEqual(await used(3), [200, 200, 200]);
  assert.deepEqual(await used(4), [200, 200, 429, 429]);
});

test('an IPv6 subscriber has one quota, whichever of his addresses he comes from', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-quota-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const gateway = await startGateway(`listeners: [{ address: "127.0.0.1:{{port}}", trustedProxies: [127.0.0.0/8] }]
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: "off" }
stores: { state: { url: "sqlite:${folder}/state.db" } }
routes:
  - name: all
    match: { path: /* }
    public: true
    filters: [{ quota: { limit: 2/day, store: state, by: ip } }]
    to: { reply: { status: 200 } }
`);
  t.after(() => gateway.stop());
  const statuses = [];
  for (const from of [
    '2001:db8:0:1::1',
    '2001:db8:0:1:2::',
    '2001:DB8::1:0:0:0:9',
    '2001:db8:0:2::1',
    '::ffff:192.0.2.1',
    '192.0.2.1',
  ])
    statuses.push((await ask(gateway.port, { headers: { 'x-forwarded-for': from } })).status);
  assert.deepEqual(statuses, [200, 200, 429, 200, 200, 200]);
});

test('keys of two consumers have a quota each, also where both are called the same', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-quota-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const consumer = (name: string) =>
    `  - { name: ${name}, keys: [{ id: main, hash: "sha256:${createHash('sha256').update(`ck_key-of-${name}`).digest('hex')}" }] }\n`;
  const gateway = await startGateway(`stores: { state: { url: "sqlite:${folder}/state.db" } }
consumers:
${consumer('one')}${consumer('other')}routes:
  - { name: all, match: { path: /* }, filters: [{ apiKey: {} }, { quota: { limit: 2/day, store: state, by: key, plan: false, metering: true } }], to: { reply: { status: 200 } } }
`);
  t.after(() => gateway.stop());
  for (const name of ['one', 'other']) {
    const statuses = [];
    for (let n = 0; n < 3; n++)
      statuses.push((await ask(gateway.port, { headers: { 'x-api-key': `ck_key-of-${name}` } })).status);
    assert.deepEqual(statuses, [200, 200, 429], name);
  }
  await eventually(() => /"caller":"other main"/.test(gateway.stderr()), 'whose key it was is told');
});

test('routes of which one is dearer share a quota, and tell once that it is used up', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-quota-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const route = (name: string, cost: number) =>
    `  - { name: ${name}, match: { path: /${name} }, filters: [{ quota: { limit: 20/day, store: state, by: ip, cost: ${cost} } }], ${reply} }\n`;
  const gateway = await startGateway(`stores: { state: { url: "sqlite:${folder}/state.db" } }
routes:
${route('cheap', 1)}${route('dear', 5)}`);
  t.after(() => gateway.stop());
  const status = async (name: string) => (await ask(gateway.port, { path: `/${name}` })).status;
  for (let n = 0; n < 3; n++) assert.equal(await status('dear'), 200);
  // 15 of 20 are used: one cheap request more, and no dear one fits.
  assert.deepEqual([await status('cheap'), await status('dear')], [200, 429]);
  await eventually(() => /"quota used up"/.test(gateway.stderr()), 'it is told');
  for (const expected of [200, 200, 200, 200, 429]) assert.equal(await status('cheap'), expected);
  await gateway.stop();
  assert.deepEqual(gateway.stderr().match(/"message":"quota [a-z ]*used up","/g), [
    '"message":"quota nearly used up","',
    '"message":"quota used up","',
  ]);
});

test('each use is told, and each caller whose quota is used up, however many they are', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-quota-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const gateway = await startGateway(`listeners: [{ address: "127.0.0.1:{{port}}", trustedProxies: [127.0.0.0/8] }]
admin: { address: "127.0.0.1:{{adminPort}}" }
stores: { state: { url: "sqlite:${folder}/state.db" } }
routes:
  - { name: all, match: { path: /* }, filters: [{ quota: { limit: 1/day, store: state, by: ip, metering: true } }], ${reply} }
`);
  t.after(() => gateway.stop());
  const callers = Array.from({ length: 40 }, (_, at) => `192.0.2.${at + 1}`);
  for (const from of callers)
    assert.equal((await ask(gateway.port, { headers: { 'x-forwarded-for': from } })).status, 200);
  await gateway.stop();
  for (const message of ['quota used', 'quota used up']) {
    const told = gateway.stderr().matchAll(new RegExp(`"message":"${message}".*"caller":"([^"]*)"`, 'g'));
    assert.deepEqual([...told].map(([, caller]) => caller).toSorted(), callers.toSorted(), message);
  }
});
