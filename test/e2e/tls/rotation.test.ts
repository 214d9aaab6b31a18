// Certificate files that change serve new connections within two seconds; broken ones are refused and the old certificate stays.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, cpSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { TestAuthority } from '../../support/certificates.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { metric } from '../../support/metric.ts';
import { askTls } from '../../support/tls-client.ts';

const WITHIN_MS = 2_000;
const authority = new TestAuthority();
const place = authority.path('live');
const files = { cert: path.join(place, 'live.pem'), key: path.join(place, 'live.key') };
const folder = authority.path('folder');
let gateway: RunningGateway;
let folderPort = 0;

/** Puts a pair in place carefully: each file is replaced as a whole. */
function put(name: string, { to = files, days = 365 } = {}): void {
  const made = authority.issue(name, { names: ['DNS:api.test'], name, days });
  for (const each of ['cert', 'key'] as const) {
    copyFileSync(made[each], `${to[each]}.new`);
    renameSync(`${to[each]}.new`, to[each]);
  }
}

/** Puts the pair `one` into the folder as Kubernetes does: in a new folder, to which the link is turned at once. */
function swapLinks(data: string, { cert, key }: { readonly cert: string; readonly key: string }): void {
  mkdirSync(`${folder}/${data}`);
  cpSync(cert, `${folder}/${data}/one.pem`);
  cpSync(key, `${folder}/${data}/one.key`);
  symlinkSync(data, `${folder}/..new`);
  renameSync(`${folder}/..new`, `${folder}/..data`);
}

async function shown(port: number, servername = 'api.test'): Promise<string> {
  return (await askTls(port, { servername })).certificate;
}

/** Waits until new connections get this certificate; returns the name of the one they got last. */
async function shownInTime(port: number, name: string, servername = 'api.test'): Promise<string> {
  const until = performance.now() + WITHIN_MS;
  for (;;) {
    const now = await shown(port, servername);
    if (now === name || performance.now() > until) return now;
    // Because: nothing outside the gateway shows when the watcher has seen the file.
    await delay(25);
  }
}

async function saidInTime(text: RegExp): Promise<void> {
  const until = performance.now() + WITHIN_MS;
  while (!text.test(gateway.stderr())) {
    assert.ok(performance.now() < until, `not said in time: ${text}\n${gateway.stderr()}`);
    // Because: as above.
    await delay(25);
  }
}

before(async () => {
  mkdirSync(place);
  put('first');
  const one = authority.issue('one', { names: ['DNS:one.test'], name: 'one' });
  mkdirSync(`${folder}/..data1`, { recursive: true });
  cpSync(one.cert, `${folder}/..data1/one.pem`);
  cpSync(one.key, `${folder}/..data1/one.key`);
  symlinkSync('..data1', `${folder}/..data`);
  symlinkSync('..data/one.pem', `${folder}/one.pem`);
  symlinkSync('..data/one.key', `${folder}/one.key`);
  folderPort = await freePort();
  gateway = await startGateway(
    `listeners:
  - address: 127.0.0.1:{{port}}
    tls: { certificates: [{ cert: ${files.cert}, key: ${files.key} }] }
  - address: 127.0.0.1:${folderPort}
    tls: { certificates: [{ folder: ${folder} }] }
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }
routes: [{ name: fixed, to: { reply: { status: 200, body: fixed } } }]
`,
    { workers: 2 },
  );
});

after(async () => {
  await gateway.stop();
  authority.remove();
});

test('a new pair serves new connections; one that is open goes on', async () => {
  const open = connect({ port: gateway.port, host: '127.0.0.1', servername: 'api.test', rejectUnauthorized: false });
  await once(open, 'secureConnect');
  put('second');
  assert.equal(await shownInTime(gateway.port, 'second'), 'second');
  open.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const [answer] = (await once(open, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 200/);
  open.destroy();
});

test('a key written long after its certificate: the old pair serves meanwhile', async () => {
  const made = authority.issue('third', { names: ['DNS:api.test'], name: 'third' });
  copyFileSync(made.cert, files.cert);
  await saidInTime(/live\.key is not the key of the certificate in \S+live\.pem/);
  assert.equal(await shown(gateway.port), 'second');
  copyFileSync(made.key, files.key);
  assert.equal(await shownInTime(gateway.port, 'third'), 'third');
});

test('a key written while the certificate is read is not missed', async () => {
  for (const [at, waitMs] of [0, 20, 60, 95, 105, 120].entries()) {
    const name = `race-${at}`;
    const made = authority.issue(name, { names: ['DNS:api.test'], name });
    copyFileSync(made.cert, files.cert);
    // Because: the times around the watcher's own settling are what is tested.
    await delay(waitMs);
    copyFileSync(made.key, files.key);
    assert.equal(await shownInTime(gateway.port, name), name, `after ${waitMs} ms`);
  }
});

test('a broken file is refused with its name, and the old certificate stays', async () => {
  const before = await shown(gateway.port);
  writeFileSync(files.cert, 'no certificate');
  await saidInTime(/live\.pem is not PEM/);
  assert.equal(await shown(gateway.port), before);
  rmSync(files.cert);
  await saidInTime(/there is no file \S+live\.pem/);
  assert.equal(await shown(gateway.port), before);
  put('mended');
  assert.equal(await shownInTime(gateway.port, 'mended'), 'mended');
});

test('a folder: links swapped as Kubernetes does, and a pair that comes later', async () => {
  assert.equal(await shown(folderPort, 'one.test'), 'one');
  const next = authority.issue('next', { names: ['DNS:one.test'], name: 'next' });
  swapLinks('..data2', next);
  assert.equal(await shownInTime(folderPort, 'next', 'one.test'), 'next');
  const two = authority.issue('two', { names: ['DNS:two.test'], name: 'two' });
  copyFileSync(two.cert, `${folder}/two.pem`);
  copyFileSync(two.key, `${folder}/two.key`);
  assert.equal(await shownInTime(folderPort, 'two', 'two.test'), 'two');
  assert.equal(await shown(folderPort, 'one.test'), 'next');
  // A key that is absent for a moment: its certificate continues to serve, and no other one replaces it.
  rmSync(`${folder}/two.key`);
  await saidInTime(/two\.pem has no key beside it/);
  assert.equal(await shown(folderPort, 'two.test'), 'two');
  rmSync(`${folder}/two.pem`);
  assert.notEqual(await shownInTime(folderPort, 'next', 'two.test'), 'two');
});

test('a broken certificate does not keep another one from being renewed; /config says what is wrong', async () => {
  const before = await shown(gateway.port);
  const failures = () => metric(gateway, 'cardea_config_reloads_total{result="failure"}');
  const failuresBefore = await failures();
  writeFileSync(files.cert, 'no certificate');
  await saidInTime(/"certificate not used, the previous one stays in use"[^\n]*live\.pem is not PEM/);
  const renewed = authority.issue('renewed', { names: ['DNS:one.test'], name: 'renewed' });
  swapLinks('..data3', renewed);
  assert.equal(await shownInTime(folderPort, 'renewed', 'one.test'), 'renewed');
  assert.equal(await shown(gateway.port), before);
  const page = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/config`)).text();
  assert.match(page, /"lastError": \{[^}]*live\.pem is not PEM/);
  assert.ok((await failures()) > failuresBefore);
  put('healed');
  assert.equal(await shownInTime(gateway.port, 'healed'), 'healed');
});

test('how long a certificate is good for: in the log, on /health/ready and /metrics, of the one that serves', async () => {
  const expiring = async (): Promise<{ status: number; warnings: readonly string[] }> => {
    const response = await fetch(`http://127.0.0.1:${gateway.adminPort}/health/ready`);
    // Because: the page's shape is what this test is about.
    const page = (await response.json()) as { certificates?: { file: string; warning: string }[] };
    const own = (page.certificates ?? []).filter(({ file }) => file === files.cert);
    return { status: response.status, warnings: own.map(({ warning }) => warning) };
  };
  const days = (): Promise<number> => metric(gateway, `cardea_certificate_expiry_days{file="${files.cert}"}`);
  for (const [name, left, warning] of [
    ['month', 20, /^expires in (19|20) days, on /],
    ['week', 5, /^expires very soon, in [45] days, on /],
  ] as const) {
    put(name, { days: left });
    assert.equal(await shownInTime(gateway.port, name), name);
    await eventually(async () => Math.abs((await days()) - left) <= 1, `${left} days in the metrics`);
    const { status, warnings } = await expiring();
    assert.equal(status, 200);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, warning);
    await saidInTime(new RegExp(`live\\.pem ${warning.source.slice(1)}`));
  }
  put('fresh');
  assert.equal(await shownInTime(gateway.port, 'fresh'), 'fresh');
  await eventually(async () => (await days()) > 300, 'a year in the metrics');
  assert.deepEqual(await expiring(), { status: 200, warnings: [] });
});
