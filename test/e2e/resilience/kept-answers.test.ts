// `fallback: { cache }`: when the upstream has no response, the last good one is given, only to callers who may have it.

import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { steadySeconds } from '../../../src/store/answers/steady-seconds.ts';
import { eventually } from '../../support/eventually.ts';
import { startGateway } from '../../support/gateway.ts';
import { reloadWith } from '../../support/reload-with.ts';
import { VersionBackend } from '../../support/version-backend.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

// SHA-256 of `foo` and of `bar`.
const foo = '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae';
const bar = 'fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9';

async function setUp(t: TestContext, route: string, upstream = 'retry: off') {
  const backend = await VersionBackend.start('users');
  t.after(() => backend.stop());
  const config = `consumers:
  - { name: acme, keys: [{ id: k1, hash: "sha256:${foo}" }] }
  - { name: other, keys: [{ id: k2, hash: "sha256:${bar}" }] }
upstreams:
  users: { endpoints: [ "http://127.0.0.1:${backend.port}" ], ${upstream} }
routes:
  - { name: all, match: { path: "/*" }, to: users, ${route} }
`;
  const gateway = await startGateway(config, { workers: 2 });
  t.after(() => gateway.stop());
  // A new connection for each request, so that both workers are asked.
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const to = { host: '127.0.0.1', port: gateway.port, path, method, headers, agent: false } as const;
      const request = httpRequest(to, response => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces).toString() }),
        );
      });
      request.on('error', reject);
      request.end();
    });
  let count = 0;
  /** Makes the backend answer well; each response contains its number. */
  const well = (headers: Record<string, string> = {}) => {
    backend.answer = (_, response) => {
      count++;
      response
        .writeHead(200, { 'content-type': 'text/plain', 'x-made': `${count}`, ...headers })
        .end(`answer ${count}`);
    };
  };
  const broken = () => {
    backend.answer = (_, response) => response.destroy();
  };
  well();
  return { backend, gateway, ask, well, broken };
}

test('the last good answer is given on every worker when the upstream gives none, with its age and the reason', async t => {
  const { ask, broken, gateway } = await setUp(
    t,
    'fallback: { cache: {} }, filters: [{ headers: { response: { set: { x-filter: "ran" } } } }]',
  );
  assert.equal((await ask('/a?b=1')).body, 'answer 1');
  broken();
  await delay(1_100);
  for (let n = 0; n < 8; n++) {
    const kept = await ask('/a?b=1');
    assert.deepEqual([kept.status, kept.body, kept.headers['x-made']], [200, 'answer 1', '1']);
    assert.ok(Number(kept.headers['age']) >= 1, String(kept.headers['age']));
    assert.equal(kept.headers['cache-status'], 'cardea; fwd=stale; detail=upstream_reset');
    assert.match(kept.headers['proxy-status'] as string, /upstream_reset/);
    assert.equal(kept.headers['x-filter'], 'ran', 'filters see a kept answer as any other');
  }
  const head = await ask('/a?b=1', {}, 'HEAD');
  assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, '8', '']);
  assert.equal((await ask('/a?b=2')).status, 502, 'another question');
  assert.equal((await ask('/a?b=1', {}, 'DELETE')).status, 502);
  const metrics = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  assert.match(metrics, /cardea_upstream_kept_answers_total\{upstream="users",event="kept"\} 1\n/);
  assert.match(metrics, /cardea_upstream_kept_answers_total\{upstream="users",event="given"\} 9\n/);
});

test('the last good answer takes the place of the one before, also where it lasts less; one that is nobody’s leaves nothing', async t => {
  const { ask, broken, well, backend } = await setUp(t, 'fallback: { cache: { keep: 1h, size: 1KiB } }');
  const lastOf = async (path: string) => {
    broken();
    const { status, body } = await ask(path);
    return `${status} ${status === 200 ? body : ''}`;
  };
  well();
  for (const path of ['/shorter', '/private', '/gone', '/large', '/refused']) await ask(path);
  well({ 'cache-control': 'max-age=60, stale-if-error=60' });
  await ask('/shorter');
  assert.equal(await lastOf('/shorter'), '200 answer 6');
  well({ 'cache-control': 'private' });
  await ask('/private');
  assert.equal(await lastOf('/private'), '502 ');
  backend.answer = (_, response) => void response.writeHead(410).end();
  await ask('/gone');
  assert.equal(await lastOf('/gone'), '502 ');
  backend.answer = (_, response) => void response.end('x'.repeat(2_000));
  await ask('/large');
  assert.equal(await lastOf('/large'), '502 ');
  backend.answer = (_, response) => void response.writeHead(429).end();
  await ask('/refused');
  assert.equal(await lastOf('/refused'), '200 answer 5');
});

test('what is gone in one variant is gone in all: no other one that comes brings the old ones back', async t => {
  const { ask, broken, well, backend } = await setUp(t, 'fallback: { cache: { keep: 1h } }');
  const [german, english] = [{ 'accept-language': 'de' }, { 'accept-language': 'en' }];
  well({ vary: 'Accept-Language' });
  await ask('/page', german);
  const second = steadySeconds();
  await eventually(() => steadySeconds() > second, 'the next second: what is kept has times of whole ones');
  backend.answer = (_, response) => void response.writeHead(410).end();
  await ask('/page', english);
  well({ vary: 'Accept-Language' });
  await ask('/page', english);
  broken();
  assert.equal((await ask('/page', english)).body, 'answer 2');
  assert.equal((await ask('/page', german)).status, 502);
});

test('a variant that lasts less does not take the others along', async t => {
  const { ask, broken, well } = await setUp(t, 'fallback: { cache: { keep: 1h } }');
  const [german, english] = [{ 'accept-language': 'de' }, { 'accept-language': 'en' }];
  well({ vary: 'Accept-Language' });
  await ask('/page', german);
  well({ vary: 'Accept-Language', 'cache-control': 'max-age=1, must-revalidate' });
  await ask('/page', english);
  const second = steadySeconds();
  await eventually(() => steadySeconds() > second + 1, 'the time of the second is over');
  broken();
  assert.equal((await ask('/page', english)).status, 502);
  assert.equal((await ask('/page', german)).body, 'answer 1');
});

test('a reload that keeps answers for less counts for those that are kept', async t => {
  const { ask, broken, gateway } = await setUp(t, 'fallback: { cache: { keep: 1h } }');
  await ask('/a');
  broken();
  assert.equal((await ask('/a')).status, 200);
  await reloadWith(gateway, text => text.replace('keep: 1h', 'keep: 1s'));
  await eventually(async () => (await ask('/a')).status === 502, 'it is too old');
});

test('an open breaker gives what is kept, else the next fallback', async t => {
  const route = 'fallback: { cache: { keep: 1m }, reply: { status: 200, body: none } }';
  const { ask, broken, well, backend } = await setUp(t, route, 'retry: off, breaker: { failures: 1, open: 30s }');
  well({ 'cache-control': 'max-age=10' });
  await ask('/kept');
  broken();
  await ask('/opens');
  const before = backend.seen.length;
  const kept = await ask('/kept');
  assert.equal(kept.body, 'answer 1');
  assert.match(kept.headers['cache-status'] as string, /^cardea; hit; ttl=\d+; detail=upstream_circuit_open$/);
  assert.equal((await ask('/never-asked')).body, 'none');
  assert.equal(backend.seen.length, before, 'the upstream is left alone');
});

test('what another upstream gives as the next fallback is not kept: that upstream is asked each time', async t => {
  const archive = await VersionBackend.start('archive');
  t.after(() => archive.stop());
  const more = `retry: off, breaker: { failures: 1, open: 30s } }
  archive: { endpoints: [ "http://127.0.0.1:${archive.port}" ]`;
  const { ask, broken } = await setUp(t, 'fallback: { cache: {}, upstream: archive }', more);
  broken();
  assert.equal((await ask('/opens')).status, 502);
  for (let n = 1; n <= 4; n++) {
    const { status, headers } = await ask('/a');
    assert.deepEqual([status, headers['cache-status'], archive.seen.length], [200, undefined, n]);
  }
});

test('nothing of one caller reaches another', async t => {
  const { ask, broken, well } = await setUp(t, 'fallback: { cache: {} }');
  const cases: [string, Record<string, string>, Record<string, string>][] = [
    ['/authorization', { authorization: 'Bearer x' }, {}],
    ['/cookie', { cookie: 'session=1' }, {}],
    ['/key', { 'x-api-key': 'secret' }, {}],
    ['/user', { 'x-user-id': '7' }, {}],
    ['/set-cookie', {}, { 'set-cookie': 'session=1' }],
    ['/private', {}, { 'cache-control': 'private, max-age=60' }],
    ['/no-store', {}, { 'cache-control': 'no-store' }],
    ['/asked-not-to', { 'cache-control': 'no-store' }, {}],
    ['/vary-all', {}, { vary: '*' }],
    ['/vary-by-address', {}, { vary: 'Accept, X-Forwarded-For' }],
    ['/vary-by-hops', {}, { vary: 'Forwarded' }],
  ];
  for (const [path, asked, answered] of cases) {
    well(answered);
    assert.equal((await ask(path, asked)).status, 200);
  }
  well();
  assert.equal((await ask('/open')).status, 200);
  assert.equal((await ask('/region', { 'x-region': 'eu' })).status, 200);
  broken();
  for (const [path, asked] of cases) {
    assert.equal((await ask(path)).status, 502, path);
    assert.equal((await ask(path, asked)).status, 502, path);
  }
  assert.equal((await ask('/open', { cookie: 'session=1' })).status, 502, 'nor the other way round');
  assert.equal((await ask('/region', { 'x-region': 'us' })).status, 502, 'a header that nobody knows may matter');
  assert.equal((await ask('/region', { 'x-region': 'eu' })).status, 200);
});

test('Vary is respected, said or forgotten', async t => {
  const { ask, broken, well } = await setUp(t, 'fallback: { cache: {} }');
  well({ vary: 'Accept-Language' });
  const german = await ask('/a', { 'accept-language': 'de' });
  const french = await ask('/a', { 'accept-language': 'fr' });
  well({ 'content-encoding': 'x-test' });
  await ask('/b', { 'accept-encoding': 'x-test' });
  broken();
  assert.equal((await ask('/a', { 'accept-language': 'de', 'user-agent': 'other' })).body, german.body);
  assert.equal((await ask('/a', { 'accept-language': 'fr' })).body, french.body);
  assert.equal((await ask('/a')).status, 502);
  assert.equal((await ask('/b', { 'accept-encoding': 'x-test' })).status, 200);
  assert.equal((await ask('/b')).status, 502);
});

test('by consumer: each gets its own, and a second credential tells callers apart', async t => {
  const { ask, broken } = await setUp(t, 'filters: [{ apiKey: {} }], fallback: { cache: { by: consumer } }');
  const first = await ask('/a', { 'x-api-key': 'foo' });
  const second = await ask('/a', { 'x-api-key': 'foo', cookie: 'user=2' });
  broken();
  assert.equal((await ask('/a', { 'x-api-key': 'foo' })).body, first.body);
  assert.equal((await ask('/a', { 'x-api-key': 'foo', cookie: 'user=2' })).body, second.body);
  assert.equal((await ask('/a', { 'x-api-key': 'foo', cookie: 'user=3' })).status, 502);
  assert.equal((await ask('/a', { 'x-api-key': 'bar' })).status, 502);
  assert.equal((await ask('/a')).status, 401, 'the filters come first');
});

test('by consumer: the token that the gateway signs for the upstream, anew in each worker, is the same caller', async t => {
  const forward = '{ consumer: signed, key: 0123456789abcdef0123456789abcdef }';
  const { ask, broken, backend } = await setUp(
    t,
    `filters: [{ apiKey: { forward: ${forward} } }], fallback: { cache: { by: consumer } }`,
  );
  const tokens = new Set<unknown>();
  backend.answer = (request, response) => {
    tokens.add(request.headers['x-consumer-token']);
    response.end('kept');
  };
  assert.equal((await ask('/a', { 'x-api-key': 'foo' })).body, 'kept');
  const second = steadySeconds();
  await eventually(() => steadySeconds() > second + 1, 'the other worker signs another token');
  await eventually(async () => {
    await ask('/b', { 'x-api-key': 'foo' });
    return tokens.size === 2;
  }, 'both workers were asked');
  broken();
  for (let n = 0; n < 12; n++) assert.equal((await ask('/a', { 'x-api-key': 'foo' })).body, 'kept');
  assert.equal((await ask('/a', { 'x-api-key': 'bar' })).status, 502, 'another caller');
});

test('an answer that is too large or breaks off is not kept; one grows no older than it may', async t => {
  const { ask, broken, well, backend } = await setUp(t, 'fallback: { cache: { size: 1KiB, keep: 2s } }');
  backend.answer = (_, response) => response.end('x'.repeat(2_000));
  await ask('/large');
  backend.answer = (_, response) => {
    response.write('x'.repeat(700));
    setTimeout(() => response.end('x'.repeat(700)), 20);
  };
  await ask('/large-in-pieces');
  backend.answer = (_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('half');
    setTimeout(() => response.destroy(), 20);
  };
  await assert.rejects(ask('/half'));
  well();
  await ask('/old');
  broken();
  for (const path of ['/large', '/large-in-pieces', '/half']) assert.equal((await ask(path)).status, 502, path);
  assert.equal((await ask('/old')).status, 200);
  await delay(2_100);
  assert.equal((await ask('/old')).status, 502);
});
