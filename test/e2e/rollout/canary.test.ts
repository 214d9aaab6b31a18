// A new version beside the stable one, with the real command and two workers: a good one is promoted, a bad one is rolled back.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ChaosLoad } from '../../chaos/chaos-load.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { VersionBackend } from '../../support/version-backend.ts';

interface Setup {
  readonly stable: VersionBackend;
  readonly canary: VersionBackend;
  readonly gateway: RunningGateway;
  get(headers?: Record<string, string>): Promise<{ status: number; version: string }>;
  route(): Promise<CanaryPage>;
  until(what: (page: CanaryPage) => boolean): Promise<CanaryPage>;
}

interface CanaryPage {
  readonly phase: string;
  readonly step: string;
  readonly share: number;
  readonly decisions: readonly { readonly kind: string; readonly reason: string; readonly share: number }[];
}

async function setUp(t: TestContext, canaryYaml: string, rest = ''): Promise<Setup> {
  const stable = await VersionBackend.start('v1');
  const canary = await VersionBackend.start('v2');
  // Registered before the gateway starts, because its start may fail.
  t.after(() => Promise.all([stable.stop(), canary.stop()]));
  const gateway = await startGateway(
    `accessLog: { path: off }
upstreams:
  v1: { endpoints: [ "http://127.0.0.1:${stable.port}" ] }
  v2: { endpoints: [ "http://127.0.0.1:${canary.port}" ] }
${rest}routes:
  - name: users
    public: true
    match: { path: /* }
    to: v1
    canary: ${canaryYaml}
`,
    { workers: 2 },
  );
  t.after(() => gateway.stop());
  const route = async () => {
    const answer = await fetch(`http://127.0.0.1:${gateway.adminPort}/routes`);
    // Because: the gateway itself writes the page.
    const { routes } = (await answer.json()) as { routes: { canary: CanaryPage }[] };
    return routes[0]!.canary;
  };
  return {
    stable,
    canary,
    gateway,
    route,
    get: (headers = {}) =>
      new Promise((resolve, reject) => {
        httpRequest({ port: gateway.port, host: '127.0.0.1', headers, agent: false }, response => {
          response.resume();
          response.on('end', () =>
            resolve({ status: response.statusCode!, version: String(response.headers['x-version']) }),
          );
        })
          .on('error', reject)
          .end();
      }),
    async until(what) {
      const end = performance.now() + 15_000;
      for (;;) {
        const page = await route();
        if (what(page)) return page;
        assert.ok(performance.now() < end, `${JSON.stringify(page)}\n${gateway.stderr()}`);
        await delay(20);
      }
    },
  };
}

const success = 'success: { minimum: 50, p99: 10 }';

test('under load a good canary is promoted step by step, a bad one is rolled back with its errors bounded', async t => {
  const { stable, canary, gateway, until, get } = await setUp(
    t,
    `{ upstream: v2, steps: [10%, 50%, 100%], for: 400ms, ${success} }`,
  );
  const load = new ChaosLoad(`http://127.0.0.1:${gateway.port}/`);
  const page = await until(({ phase }) => phase === 'promoted');
  assert.deepEqual(
    page.decisions.map(({ kind, share }) => [kind, share]),
    [
      ['started', 0.1],
      ['step', 0.5],
      ['step', 1],
      ['promoted', 1],
    ],
  );
  assert.match(gateway.stderr(), /canary promoted/);
  assert.equal((await get()).version, 'v2');

  // A new definition starts anew, in the running process.
  writeFileSync(
    gateway.configPath,
    readFileSync(gateway.configPath, 'utf8').replace('[10%, 50%, 100%]', '[20%, 100%]'),
  );
  await until(({ phase }) => phase === 'step');
  assert.deepEqual(load.failures, []);
  canary.status = 500;
  const back = await until(({ phase }) => phase === 'rolledBack');
  assert.equal(back.share, 0);
  assert.equal(back.decisions.at(-1)!.reason, 'errors');
  const rolledBackAt = performance.now();
  await delay(300);
  await load.stop();
  const requests = stable.seen.length + canary.seen.length;
  t.diagnostic(`rolled back: ${load.failures.length} errors of ${requests} requests`);
  assert.ok(load.failures.length >= 4 && load.failures.length < 200, `${load.failures.length} of ${requests}`);
  assert.ok(load.samples.some(({ at }) => at > rolledBackAt));
  const metrics = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  assert.match(metrics, /cardea_canary_state\{route="users"\} 3\n/);
  assert.match(metrics, /cardea_canary_decisions_total\{route="users",decision="rolled_back"\} 1\n/);
  assert.match(metrics, /cardea_canary_share_ratio\{route="users"\} 0\n/);
  assert.match(gateway.stderr(), /canary rolled back/);
});

test('a slow canary is rolled back for its p99, and a reload changes nothing of that', async t => {
  const { canary, gateway, until, route } = await setUp(
    t,
    `{ upstream: v2, steps: [30%, 100%], for: 10m, success: { minimum: 30 } }`,
  );
  canary.delayMs = 120;
  const load = new ChaosLoad(`http://127.0.0.1:${gateway.port}/`);
  const page = await until(({ phase }) => phase === 'rolledBack');
  assert.equal(page.decisions.at(-1)!.reason, 'p99');
  writeFileSync(gateway.configPath, `${readFileSync(gateway.configPath, 'utf8')}drainTimeout: 5s\n`);
  const end = performance.now() + 5_000;
  while (
    !/configuration (is )?(reloaded|serves|in use)|reload/i.test(gateway.stderr().split('canary rolled back')[1] ?? '')
  ) {
    assert.ok(performance.now() < end, gateway.stderr());
    await delay(20);
  }
  assert.equal((await route()).phase, 'rolledBack');
  const before = canary.seen.length;
  await delay(200);
  await load.stop();
  assert.equal(canary.seen.length, before);
  assert.deepEqual(load.failures, []);
});

test('rules choose callers whatever the share; users stay with their version when it grows', async t => {
  const { get } = await setUp(
    t,
    `{ upstream: v2, steps: [30%, 70%, 100%], for: 10m, by: { cookie: session },
       always: { headers: { x-beta: true }, cookies: { group: canary } } }`,
  );
  assert.equal((await get({ 'X-Beta': '1' })).version, 'v2');
  assert.equal((await get({ cookie: 'group=canary; session=none' })).version, 'v2');
  const versionOf = async (user: number) => (await get({ cookie: `session=user-${user}` })).version;
  const users = Array.from({ length: 60 }, (_, user) => user);
  const first = await Promise.all(users.map(versionOf));
  assert.deepEqual(await Promise.all(users.map(versionOf)), first);
  const chosen = first.filter(version => version === 'v2').length;
  assert.ok(chosen >= 8 && chosen <= 29, `${chosen} of 60`);
});

test('a split by consumer gives each the same upstream again, whichever worker is asked', async t => {
  const backends = await Promise.all(['v1', 'v2'].map(name => VersionBackend.start(name)));
  t.after(() => Promise.all(backends.map(backend => backend.stop())));
  const words = Array.from({ length: 12 }, (_, at) => `key-${at}`);
  const consumers = words.map(word => {
    const digest = createHash('sha256').update(word).digest('hex');
    return `  - { name: ${word}, keys: [{ id: ${word}, hash: "sha256:${digest}" }] }`;
  });
  const gateway = await startGateway(
    `consumers:
${consumers.join('\n')}
upstreams:
  v1: { endpoints: [ "http://127.0.0.1:${backends[0]!.port}" ] }
  v2: { endpoints: [ "http://127.0.0.1:${backends[1]!.port}" ] }
routes:
  - { name: r, match: { path: /* }, filters: [{ apiKey: {} }], to: [{ upstream: v1 }, { upstream: v2 }], sticky: { by: consumer } }
`,
    { workers: 2 },
  );
  t.after(() => gateway.stop());
  const versionOf = async (word: string) => {
    const answer = await fetch(`http://127.0.0.1:${gateway.port}/`, {
      headers: { 'x-api-key': word, connection: 'close' },
    });
    await answer.text();
    return answer.headers.get('x-version');
  };
  const first = await Promise.all(words.map(versionOf));
  for (let n = 0; n < 4; n++) assert.deepEqual(await Promise.all(words.map(versionOf)), first);
  assert.deepEqual(new Set(first), new Set(['v1', 'v2']));
});

test('answers that come when their clients have been told to come back count as well', async t => {
  const { stable, canary, get, route } = await setUp(
    t,
    '{ upstream: v2, steps: [50%, 100%], for: 300ms, success: { minimum: 20, p99: 10 } }\n    async: { after: 50ms, size: 4KiB }',
  );
  stable.delayMs = 200;
  canary.delayMs = 200;
  canary.status = 500;
  let page = await route();
  const end = performance.now() + 15_000;
  while (page.phase === 'step') {
    assert.ok(performance.now() < end, JSON.stringify(page));
    const answers = await Promise.all(Array.from({ length: 20 }, () => get()));
    assert.ok(answers.every(({ status }) => status === 202));
    page = await route();
  }
  assert.equal(page.phase, 'rolledBack');
  assert.equal(page.decisions.at(-1)!.reason, 'errors');
});

test('the cookie of a sticky split that was given over https is not sent in plain text', async t => {
  const backend = await VersionBackend.start('v1');
  t.after(() => backend.stop());
  const gateway = await startGateway(`listeners:
  - { address: "127.0.0.1:{{port}}", trustedProxies: [127.0.0.0/8] }
upstreams:
  v1: { endpoints: [ "http://127.0.0.1:${backend.port}" ] }
  v2: { endpoints: [ "http://127.0.0.1:${backend.port}" ] }
routes:
  - name: split
    public: true
    match: { path: /* }
    to: [ { upstream: v1, weight: 1 }, { upstream: v2, weight: 1 } ]
    sticky: { cookie: version }
`);
  t.after(() => gateway.stop());
  const cookieOver = async (scheme: string) => {
    const answer = await fetch(`http://127.0.0.1:${gateway.port}/`, { headers: { 'x-forwarded-proto': scheme } });
    return answer.headers.get('set-cookie') ?? '';
  };
  assert.match(await cookieOver('https'), /^version=.*; Secure$/);
  assert.doesNotMatch(await cookieOver('http'), /Secure/);
});
