// Slow responses are fetched later, by the caller who asked and by no other, from any worker.

import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { startGateway } from '../../support/gateway.ts';
import { VersionBackend } from '../../support/version-backend.ts';
import { slowReports } from './slow-reports.ts';

test('202 with a place, the answer there for its caller alone, on both workers', async t => {
  const { backend, ask, fetchUntil, gateway } = await slowReports(t, '{ after: 1s }');
  assert.equal((await ask('/reports', 'POST', 'foo', 'quick')).status, 200);
  let release = (): void => {};
  backend.answer = (_, response) => {
    release = () => response.writeHead(201, { 'x-report': '7', 'set-cookie': ['a=1', 'b=2'] }).end('the report');
  };
  const told = await ask('/reports', 'POST', 'foo', 'slow');
  assert.equal(told.status, 202);
  assert.equal(told.headers['retry-after'], '2');
  assert.equal(told.headers['x-filtered'], 'yes');
  const location = String(told.headers['location']);
  assert.match(location, /^\/\.cardea\/answers\/[\w-]+\/[0-9a-f]{48}$/);
  for (let n = 0; n < 8; n++) assert.equal((await ask(location)).status, 202);

  release();
  const answer = await fetchUntil(location, ({ status }) => status !== 202);
  assert.deepEqual([answer.status, answer.headers['x-report'], answer.body], [201, '7', 'the report']);
  assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']);
  assert.equal(answer.headers['x-filtered'], 'yes');
  for (let n = 0; n < 12; n++) assert.equal((await ask(location)).body, 'the report');
  assert.equal(backend.seen.length, 2);

  const others = await Promise.all(Array.from({ length: 6 }, () => ask(location, 'GET', 'bar')));
  for (const other of others) {
    assert.equal(other.status, 404);
    assert.match(other.body, /answer_not_found/);
    assert.equal(other.headers['x-report'], undefined);
  }
  assert.equal((await ask(location, 'GET', null)).status, 401);
  assert.equal((await ask(`${location.slice(0, -1)}${location.endsWith('0') ? '1' : '0'}`)).status, 404);
  assert.equal((await ask('/.cardea/answers/x/y')).status, 404);
  assert.equal((await ask(location, 'POST')).status, 405);
  const metrics = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  assert.match(metrics, /cardea_requests_in_flight 0\n/);
  for (const [event, count] of Object.entries({ deferred: 1, kept: 1, given: 13, lost: 0, no_room: 0 })) {
    assert.match(metrics, new RegExp(`cardea_filter_events_total\\{filter="async",event="${event}"\\} ${count}\n`));
  }
});

test('on a public route the token alone opens the response: the access log shows only its beginning', async t => {
  const backend = await VersionBackend.start('reports');
  t.after(() => backend.stop());
  backend.answer = (_, response) => setTimeout(() => response.end('the report'), 400);
  const gateway = await startGateway(`upstreams:
  reports: { endpoints: [ "http://127.0.0.1:${backend.port}" ] }
routes:
  - { name: reports, match: { path: /reports }, public: true, to: reports, async: { after: 100ms } }
`);
  t.after(() => gateway.stop());
  const told = await fetch(`http://127.0.0.1:${gateway.port}/reports`);
  assert.equal(told.status, 202);
  const location = told.headers.get('location')!;
  const fetched = async () => await (await fetch(`http://127.0.0.1:${gateway.port}${location}`)).text();
  await eventually(async () => (await fetched()) === 'the report', 'the response is there');
  await fetch(`http://127.0.0.1:${gateway.port}/.cardea/answers/reports/`);
  const token = location.slice(location.lastIndexOf('/') + 1);
  await gateway.stop();
  assert.ok(!gateway.stdout().includes(token));
  assert.ok(gateway.stdout().includes(`"path":"${location.slice(0, -token.length)}${token.slice(0, 8)}..."`));
  assert.match(gateway.stdout(), /"path":"\/\.cardea\/answers\/reports\/"/);
});

test('what fails later is told later; what is too large is not kept; what is over is gone', async t => {
  const { backend, ask, fetchUntil } = await slowReports(
    t,
    '{ after: 100ms, keep: 2s, size: 4KiB }',
    ', responseTimeout: 700ms',
  );
  const deferred = async (answer: VersionBackend['answer']) => {
    backend.answer = answer;
    const told = await ask('/reports', 'POST', 'foo', 'x');
    assert.equal(told.status, 202, told.body);
    return fetchUntil(String(told.headers['location']), ({ status }) => status !== 202);
  };
  const timedOut = await deferred(() => {});
  assert.equal(timedOut.status, 504);
  assert.equal(timedOut.headers['content-type'], 'application/problem+json');
  assert.match(timedOut.body, /upstream_timeout|response_timeout/);
  const reset = await deferred((_, response) => setTimeout(() => response.destroy(), 300));
  assert.equal(reset.status, 502);
  assert.match(reset.body, /upstream_reset/);
  const large = await deferred((_, response) => setTimeout(() => response.end('x'.repeat(5_000)), 300));
  assert.equal(large.status, 502);
  assert.match(large.body, /answer_not_kept/);
  const half = await deferred((_, response) =>
    setTimeout(() => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setTimeout(() => response.destroy(), 50);
    }, 300),
  );
  assert.equal(half.status, 502);

  backend.answer = (_, response) => setTimeout(() => response.end('ok'), 300);
  const told = await ask('/reports', 'POST', 'foo', 'x');
  const location = String(told.headers['location']);
  await fetchUntil(location, ({ body }) => body === 'ok');
  await fetchUntil(location, ({ status }) => status === 404);
});

test('a client that leaves before it was told has its request ended, one that was told does not', async t => {
  const { backend, ask, gateway, fetchUntil } = await slowReports(t, '{ after: 1s }');
  let closed = 0;
  backend.answer = (_, response) => response.on('close', () => closed++);
  const request = httpRequest({
    port: gateway.port,
    host: '127.0.0.1',
    path: '/reports',
    method: 'POST',
    headers: { 'x-api-key': 'foo' },
  });
  request.on('error', () => {});
  request.end('x');
  await eventually(() => backend.seen.length > 0, 'it is under way');
  request.destroy();
  await eventually(() => closed > 0, 'the request to the upstream is ended', 5_000);
  backend.answer = (_, response) => setTimeout(() => response.end('late'), 1_500);
  const told = await ask('/reports', 'POST', 'foo', 'x');
  assert.equal(told.status, 202);
  const answer = await fetchUntil(String(told.headers['location']), ({ status }) => status !== 202);
  assert.equal(answer.body, 'late');
});

test('a stop waits for what clients were told to come back for, and tells no more to', async t => {
  const { backend, ask, gateway } = await slowReports(t, '{ after: 1500ms }');
  const answers: (() => void)[] = [];
  let cut = 0;
  backend.answer = (_, response) => {
    response.on('close', () => {
      if (!response.writableFinished) cut++;
    });
    answers.push(() => response.end('done'));
  };
  assert.equal((await ask('/reports', 'POST', 'foo', 'first')).status, 202);
  // The stop comes well before the second client would be deferred, so this client keeps waiting for its response.
  const patient = ask('/reports', 'POST', 'foo', 'second');
  await eventually(() => answers.length === 2, 'both are under way');
  process.kill(gateway.pid, 'SIGTERM');
  const gone = gateway.exited.then(() => true);
  assert.equal(await Promise.race([gone, delay(2_000, false)]), false, 'it waits');
  answers[1]!();
  assert.equal((await patient).status, 200, 'a client that could not come back is not sent away');
  assert.equal(await Promise.race([gone, delay(500, false)]), false, 'it still waits');
  answers[0]!();
  assert.equal(await gateway.exited, 0);
  assert.equal(cut, 0);
});

/** A gateway at `place` whose route `/orders` defers slow responses and takes each Idempotency-Key once. Both settings are YAML. */
async function deferredOrders(t: TestContext, idempotency: string, deferral: string) {
  const backend = await VersionBackend.start('orders');
  t.after(() => backend.stop());
  const gateway = await startGateway(`upstreams:
  orders: { endpoints: [ "http://127.0.0.1:${backend.port}" ] }
routes:
  - name: orders
    match: { path: /orders, methods: [POST] }
    public: true
    filters: [ { idempotency: ${idempotency} } ]
    to: orders
    async: ${deferral}
`);
  t.after(() => gateway.stop());
  return { backend, place: `http://127.0.0.1:${gateway.port}` };
}

test('a duplicate of a deferred request, by its Idempotency-Key, is told the same place and done once', async t => {
  const { backend, place } = await deferredOrders(t, '{}', '{ after: 100ms }');
  let release = (): void => {};
  backend.answer = (_, response) => {
    release = () => response.writeHead(201).end('order 7');
  };
  const order = () => fetch(`${place}/orders`, { method: 'POST', headers: { 'idempotency-key': 'k1' }, body: 'x' });
  const first = await order();
  assert.equal(first.status, 202);
  const second = await order();
  assert.deepEqual(
    [second.status, second.headers.get('location'), second.headers.get('idempotency-replayed')],
    [202, first.headers.get('location'), 'true'],
  );
  assert.deepEqual(await second.json(), await first.json());
  release();
  await eventually(async () => {
    const answer = await fetch(`${place}${first.headers.get('location')}`);
    return answer.status === 201 && (await answer.text()) === 'order 7';
  }, 'the answer is there');
  assert.equal((await order()).headers.get('location'), first.headers.get('location'));
  assert.equal(backend.seen.length, 1);
});

test('the answer to a request with a key is there for as long as its duplicates are sent to it, not only for `keep`', async t => {
  const { backend, place } = await deferredOrders(t, '{ keepFor: 1h }', '{ after: 100ms, keep: 1s }');
  backend.answer = (_, response) => void setTimeout(() => response.writeHead(201).end('an order'), 300);
  const order = async (headers: Record<string, string>) => {
    const told = await fetch(`${place}/orders`, { method: 'POST', headers, body: 'x' });
    assert.equal(told.status, 202);
    return `${place}${told.headers.get('location')}`;
  };
  const statusOf = async (url: string) => (await fetch(url)).status;
  const withKey = await order({ 'idempotency-key': 'k1' });
  const without = await order({});
  await eventually(async () => (await statusOf(without)) === 201, 'the answer is there');
  await eventually(async () => (await statusOf(without)) === 404, 'the answer is over');
  assert.equal(await order({ 'idempotency-key': 'k1' }), withKey);
  assert.equal(await statusOf(withKey), 201);
  assert.equal(backend.seen.length, 2);
});

test('a deferred request has the time of its route at the upstream of the fallback, too, which is judged by it', async t => {
  const [failing, silent] = await Promise.all(['reports', 'archive'].map(name => VersionBackend.start(name)));
  t.after(() => Promise.all([failing!.stop(), silent!.stop()]));
  failing!.answer = (_, response) => void setTimeout(() => response.destroy(), 300);
  silent!.answer = () => {};
  const gateway = await startGateway(`upstreams:
  reports:
    endpoints: [ "http://127.0.0.1:${failing!.port}" ]
    breaker: { failures: 1 }
    retry: { attempts: 1, on: [reset], methods: [POST] }
  archive: { endpoints: [ "http://127.0.0.1:${silent!.port}" ], timeout: 20s, breaker: { failures: 1 } }
routes:
  - name: reports
    match: { path: /reports, methods: [POST] }
    public: true
    to: reports
    timeout: 1s
    async: { after: 100ms }
    fallback: { upstream: archive }
`);
  t.after(() => gateway.stop());
  const place = `http://127.0.0.1:${gateway.port}`;
  const told = await fetch(`${place}/reports`, { method: 'POST', body: 'x' });
  assert.equal(told.status, 202);
  const began = performance.now();
  let answer = told;
  while (answer.status === 202) {
    answer = await fetch(`${place}${told.headers.get('location')}`);
    assert.ok(performance.now() - began < 10_000, 'its time is over');
    await delay(20);
  }
  assert.equal(answer.status, 504);
  assert.match(await answer.text(), /exchange_timeout/);
  assert.equal(silent!.seen.length, 1);
  const metrics = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  assert.match(metrics, /cardea_upstream_breaker_opens_total\{upstream="archive"\} 1\n/);
});

test('tries before a client was told to come back count among those behind it', async t => {
  const { backend, ask, fetchUntil } = await slowReports(
    t,
    '{ after: 100ms }',
    ', retry: { attempts: 1, on: [reset], methods: [POST] }',
  );
  backend.answer = (_, response) => {
    if (backend.seen.length === 1) response.destroy();
    else setTimeout(() => response.destroy(), 500);
  };
  const told = await ask('/reports', 'POST', 'foo', 'x');
  assert.equal(told.status, 202);
  const failed = await fetchUntil(String(told.headers['location']), ({ status }) => status !== 202);
  assert.equal(failed.status, 502);
  assert.equal(backend.seen.length, 2);
});
