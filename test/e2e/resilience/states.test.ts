// Health checks, ejections and breakers through the command: what one worker learns all workers know, reloads and new workers keep it,
// and the administrator sees why.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { eventuallySeen } from '../../support/eventually.ts';
import { type GatewayOptions, type RunningGateway, startGateway } from '../../support/gateway.ts';
import { type MoodyBackend, startMoodyBackend } from '../../support/moody-backend.ts';

interface EndpointPage {
  readonly url: string;
  readonly available: boolean;
  readonly state: string;
  readonly reason: string;
  readonly ageMs: number | null;
}

interface UpstreamPage {
  readonly name: string;
  readonly breaker?: { readonly state: string };
  readonly endpoints: readonly EndpointPage[];
}

async function setUp(
  t: TestContext,
  count: number,
  upstream: string,
  route = '',
  options: GatewayOptions = { workers: 2 },
): Promise<{ backends: MoodyBackend[]; gateway: RunningGateway }> {
  const backends = await Promise.all(Array.from({ length: count }, startMoodyBackend));
  // Registered before the gateway starts, because its start may fail.
  t.after(() => Promise.all(backends.map(backend => backend.stop())));
  const config = `
upstreams:
  users:
    balance: roundRobin
    endpoints: [${backends.map(({ url }) => `"${url}"`).join(', ')}]
${upstream.replace(/^/gm, '    ')}
  other: { endpoints: ["${backends[0]!.url}"] }
routes:
  - { name: all, match: { path: "/*" }, to: users${route} }
  - { name: other, match: { path: /other }, to: other }
`;
  const gateway = await startGateway(config, options);
  t.after(() => gateway.stop());
  return { backends, gateway };
}

async function ask(
  { port }: RunningGateway,
  path = '/',
): Promise<{ status: number; text: string; retryAfter: string | null }> {
  // A new connection each time: the kernel spreads them over the workers.
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
  return { status: response.status, text: await response.text(), retryAfter: response.headers.get('retry-after') };
}

async function usersPage({ adminPort }: RunningGateway): Promise<UpstreamPage> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/upstreams`);
  // Because: the type of the page is defined in src/control/admin-view.ts.
  const page = (await response.json()) as { upstreams: UpstreamPage[] };
  return page.upstreams.find(({ name }) => name === 'users')!;
}

const states = (page: UpstreamPage): string[] => page.endpoints.map(({ state }) => state);

test('an endpoint that fails its checks gets no requests until it passes them again; a reload and a new worker know it too', async t => {
  // Because: with a timeout of 40 ms the good endpoint failed as well on a busy machine.
  const check = 'healthCheck: { path: /healthz, interval: 400ms, timeout: 400ms, unhealthyAfter: 2, healthyAfter: 2 }';
  const options = { workers: 2, environment: { CARDEA_TEST_CRASH: 'terminate' } };
  const { backends, gateway } = await setUp(t, 2, check, '', options);
  const [bad, good] = backends as [MoodyBackend, MoodyBackend];
  await eventuallySeen(
    () => usersPage(gateway),
    page => states(page).join() === 'healthy,healthy',
    'both are healthy',
  );
  bad.mood = 'silent';
  const page = await eventuallySeen(
    () => usersPage(gateway),
    each => states(each)[0] === 'unhealthy',
    'one is not',
  );
  assert.equal(page.endpoints[0]!.reason, 'no answer in time');
  assert.equal(page.endpoints[0]!.available, false);
  assert.ok(page.endpoints[0]!.ageMs! >= 0);
  bad.requests = 0;
  for (let n = 0; n < 10; n++) assert.equal((await ask(gateway)).status, 200);
  assert.equal(bad.requests, 0);
  assert.equal((await fetch(`http://127.0.0.1:${gateway.adminPort}/health/ready`)).status, 200);
  assert.match(gateway.stderr(), /endpoint is unhealthy/);

  // A reload that changes something else, then a worker that is replaced.
  writeFileSync(gateway.configPath, readFileSync(gateway.configPath, 'utf8').replace('path: /other', 'path: /another'));
  process.kill(gateway.pid, 'SIGHUP');
  await eventuallySeen(
    async () => gateway.stderr(),
    text => /configuration reloaded/.test(text),
    'the reload',
  );
  process.kill(gateway.pid, 'SIGUSR2');
  await eventuallySeen(
    async () => gateway.stderr(),
    text => /worker replaced/.test(text),
    'the new worker',
  );
  bad.mood = 'failing';
  bad.requests = 0;
  for (let n = 0; n < 10; n++) assert.equal((await ask(gateway)).status, 200);
  assert.equal(bad.requests, 0);

  bad.mood = 'well';
  await eventuallySeen(
    () => usersPage(gateway),
    each => states(each).join() === 'healthy,healthy',
    'it is back',
  );
  await eventuallySeen(
    () => ask(gateway).then(() => bad.requests),
    requests => requests > 0,
    'it gets requests',
  );
  assert.ok(good.requests >= 20);
});

test('when no endpoint is healthy all are used', async t => {
  const check = 'healthCheck: { path: /healthz, interval: 30ms, timeout: 20ms, unhealthyAfter: 1, expect: [204] }';
  const { gateway } = await setUp(t, 2, check);
  await eventuallySeen(
    () => usersPage(gateway),
    page => states(page).join() === 'unhealthy,unhealthy',
    'none is healthy',
  );
  for (let n = 0; n < 4; n++) assert.equal((await ask(gateway)).status, 200);
  const page = await usersPage(gateway);
  assert.deepEqual(
    page.endpoints.map(({ available }) => available),
    [true, true],
  );
});

test('errors that two workers see eject an endpoint for both', async t => {
  const outlier = 'outlier: { consecutiveErrors: 6, ejection: 5s }\nslowStart: 100ms';
  const { backends, gateway } = await setUp(t, 2, outlier);
  const [bad] = backends as [MoodyBackend, MoodyBackend];
  bad.mood = 'failing';
  let failed = 0;
  for (let n = 0; n < 40; n++) if ((await ask(gateway)).status === 503) failed++;
  // Six errors in a row, whichever worker met them.
  assert.equal(failed, 6);
  const page = await usersPage(gateway);
  assert.deepEqual([page.endpoints[0]!.state, page.endpoints[0]!.reason], ['ejected', 'errors in a row']);
  assert.match(gateway.stderr(), /endpoint ejected/);
  bad.mood = 'well';
  await eventuallySeen(
    () => ask(gateway).then(() => usersPage(gateway)),
    each => states(each)[0] === 'used',
    'it is back',
  );
});

test('endpoints that are restarted one after another: a request that the second one fails is answered by the first, which is still ejected', async t => {
  const settings = 'retry: { on: [503, connect], budget: 100% }\noutlier: { consecutiveErrors: 2, ejection: 1m }';
  const { backends, gateway } = await setUp(t, 2, settings, '', { workers: 1 });
  const [first, second] = backends as [MoodyBackend, MoodyBackend];
  first.mood = 'failing';
  for (let n = 0; n < 8; n++) assert.equal((await ask(gateway)).status, 200);
  assert.deepEqual(states(await usersPage(gateway)), ['ejected', 'used']);
  first.mood = 'well';
  const before = first.requests;
  assert.equal((await ask(gateway)).status, 200);
  assert.equal(first.requests, before, 'while another one works it is left alone');
  second.mood = 'failing';
  for (let n = 0; n < 4; n++) assert.equal((await ask(gateway)).status, 200);
  await second.stop();
  for (let n = 0; n < 4; n++) assert.equal((await ask(gateway)).status, 200);
  assert.equal(first.requests, before + 8);
  assert.equal((await usersPage(gateway)).endpoints[0]!.state, 'ejected');
});

test('a breaker opens for both workers; callers get 503 with the time to come back, and the upstream is left alone', async t => {
  const { backends, gateway } = await setUp(t, 1, 'breaker: { failures: 4, open: 1s, halfOpen: 1 }');
  const [bad] = backends as [MoodyBackend];
  bad.mood = 'failing';
  const answers = [];
  for (let n = 0; n < 20; n++) answers.push(await ask(gateway));
  assert.equal(bad.requests, 4);
  const refusal = answers.at(-1)!;
  assert.deepEqual([refusal.status, refusal.retryAfter], [503, '1']);
  assert.match(refusal.text, /upstream_circuit_open/);
  assert.equal((await usersPage(gateway)).breaker?.state, 'open');
  assert.match(gateway.stderr(), /circuit breaker opened/);
  bad.mood = 'well';
  await eventuallySeen(
    () => ask(gateway),
    ({ status }) => status === 200,
    'it closes',
  );
  assert.equal((await usersPage(gateway)).breaker?.state, 'closed');
});

test('while it is open callers get the route’s fallback: a reply or another upstream', async t => {
  const breaker = 'breaker: { failures: 1, open: 30s }';
  const reply = await setUp(t, 1, breaker, ', fallback: { reply: { status: 200, body: "later" } }');
  reply.backends[0]!.mood = 'failing';
  assert.equal((await ask(reply.gateway)).status, 503);
  assert.deepEqual(await ask(reply.gateway), { status: 200, text: 'later', retryAfter: null });
  const other = await setUp(t, 1, breaker, ', fallback: { upstream: other }');
  other.backends[0]!.mood = 'failing';
  await ask(other.gateway);
  other.backends[0]!.mood = 'well';
  assert.deepEqual(await ask(other.gateway), { status: 200, text: 'ok', retryAfter: null });
});

test('a client whom the fallback’s upstream answers does not stick to an endpoint that was not asked', async t => {
  const upstream = 'breaker: { failures: 1, open: 30s }\naffinity: { cookie: at }';
  const { backends, gateway } = await setUp(t, 2, upstream, ', fallback: { upstream: other }');
  for (const backend of backends) backend.mood = 'failing';
  await ask(gateway);
  for (const backend of backends) backend.mood = 'well';
  const answer = await fetch(`http://127.0.0.1:${gateway.port}/`);
  assert.deepEqual([answer.status, answer.headers.get('set-cookie')], [200, null]);
});

test('each endpoint has a breaker of its own where that is asked for', async t => {
  const { backends, gateway } = await setUp(t, 2, 'breaker: { failures: 2, open: 30s, per: endpoint }');
  const [bad] = backends as [MoodyBackend, MoodyBackend];
  bad.mood = 'failing';
  let failed = 0;
  for (let n = 0; n < 20; n++) if ((await ask(gateway)).status === 503) failed++;
  assert.equal(failed, 2);
  assert.deepEqual(states(await usersPage(gateway)), ['open', 'used']);
});

test('a fallback needs no breaker: it is given while every endpoint is unhealthy and panicThreshold is 0%', async t => {
  const check =
    'healthCheck: { path: /healthz, interval: 400ms, timeout: 400ms, unhealthyAfter: 1 }\npanicThreshold: 0%';
  const { backends, gateway } = await setUp(t, 2, check, ', fallback: { reply: { status: 200, body: later } }');
  assert.equal((await ask(gateway)).text, 'ok');
  for (const backend of backends) backend.mood = 'failing';
  await eventuallySeen(
    () => usersPage(gateway),
    page => states(page).join() === 'unhealthy,unhealthy',
    'none is healthy',
  );
  const answers = await eventuallySeen(
    () => Promise.all(Array.from({ length: 10 }, () => ask(gateway))),
    all => all.every(({ text }) => text === 'later'),
    'the fallback',
  );
  assert.ok(answers.every(({ status }) => status === 200));
});
