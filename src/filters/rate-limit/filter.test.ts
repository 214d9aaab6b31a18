// The rateLimit filter in a gateway: which requests share a budget, which are refused, what callers are told, what is charged and given
// back.

import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { type Answer, ask, startFilterGateway, written } from '../../../test/support/filter-gateway.ts';
import type { FilterDefinition } from '../../exchange/filter.ts';
import type { Consumer, Identity, Plan } from '../../exchange/identity/consumer.ts';
import { schema } from './config.ts';
import { rateLimitFilter } from './filter.ts';

/** Identifies the caller by a header, `name` or `name/plan/tenant`, as an identity filter would by a credential. */
const who: FilterDefinition<unknown> = {
  name: 'who',
  build: () => ({
    onRequest(exchange) {
      const [name, plan = null, tenant = null] = exchange.request.headers.get('x-who')?.split('/') ?? [];
      if (name === undefined) return;
      const consumer: Consumer = { name, plan, tenant, groups: [], tags: {} };
      const identity: Identity = {
        by: 'who',
        subject: name,
        keyId: exchange.request.headers.get('x-key') ?? `key-of-${name}`,
        scopes: [],
        claims: {
          sub: name,
          org: { id: 7 },
          age: Number(exchange.request.headers.get('x-age')),
          staff: name === 'ann',
        },
      };
      exchange.consumer = consumer;
      exchange.identity = identity;
    },
  }),
};

interface Started {
  get(headers?: Record<string, string>, path?: string): Promise<Answer>;
  /** How many of this many requests were not refused. */
  admitted(times: number, headers?: Record<string, string>, path?: string): Promise<number>;
  count(event: string): number;
  /** The admitted, refused and would-be refused requests of a limit, by its index. */
  decisions(limit: number): number[];
  readonly logged: object[];
}

async function start(
  t: TestContext,
  config: unknown,
  { backend, path, plans }: { backend?: RequestListener; path?: string; plans?: readonly Plan[] } = {},
): Promise<Started> {
  const events = rateLimitFilter.events!;
  const logged: object[] = [];
  const parsed = schema.parse(config);
  const needs = rateLimitFilter.needs!(parsed, { store: () => assert.fail('no store is needed') });
  const cells = new Float64Array(events.length + 3 * parsed.limits.length);
  const gateway = await startFilterGateway(
    [written(who, z.unknown(), {}), written(rateLimitFilter, schema, config)],
    backend ?? ((_, response) => response.end('in')),
    {
      services: { needs, events, cells, log: (_level, _message, fields) => void logged.push(fields ?? {}) },
      trustedProxies: ['127.0.0.0/8'],
      ...(path !== undefined && { path }),
      ...(plans !== undefined && { plans }),
    },
  );
  t.after(() => gateway.stop());
  const get: Started['get'] = (headers = {}, target = '/') => ask(gateway.port, { headers, path: target });
  return {
    get,
    async admitted(times, headers, target) {
      let count = 0;
      for (let n = 0; n < times; n++) if ((await get(headers, target)).status !== 429) count++;
      return count;
    },
    count: event => cells[events.indexOf(event)]!,
    decisions: limit => [...cells.subarray(events.length + 3 * limit, events.length + 3 * limit + 3)],
    logged,
  };
}

test('beyond the burst 429, with all that a client needs to know', async t => {
  const { get, count } = await start(t, { limit: '3/h', burst: 2, legacyHeaders: true });
  const first = await get();
  assert.equal(first.status, 200);
  assert.equal(first.headers['ratelimit-policy'], '"default";q=3;w=3600;cardea-burst=2');
  assert.equal(first.headers['ratelimit'], '"default";r=1;t=1200');
  assert.equal(first.headers['x-ratelimit-limit'], '3');
  assert.equal(first.headers['x-ratelimit-remaining'], '1');
  assert.equal(first.headers['x-ratelimit-reset'], '1200');
  assert.equal((await get()).headers['ratelimit'], '"default";r=0;t=2400');
  const refused = await get();
  assert.equal(refused.status, 429);
  assert.equal(refused.headers['content-type'], 'application/problem+json');
  assert.equal(refused.headers['retry-after'], '1200');
  assert.equal(refused.headers['ratelimit'], '"default";r=0;t=1200');
  assert.match(String(refused.headers['proxy-status']), /http_request_denied/);
  const problem = JSON.parse(refused.body.toString());
  assert.equal(problem.code, 'rate_limited');
  assert.match(problem.detail, /"default"/);
  assert.deepEqual([count('admitted'), count('refused')], [2, 1]);
});

test('headers on refusals only, or never', async t => {
  const some = await start(t, { limit: '1/h', headers: 'refused' });
  assert.equal((await some.get()).headers['ratelimit'], undefined);
  assert.equal((await some.get()).headers['ratelimit'], '"default";r=0;t=3600');
  const none = await start(t, { limit: '1/h', headers: 'never' });
  await none.get();
  const refused = await none.get();
  assert.equal(refused.headers['ratelimit'], undefined);
  assert.equal(refused.headers['retry-after'], '3600');
});

test('by address: a /64 of IPv6 is one caller, an IPv4 address is the same in IPv6', async t => {
  const { admitted } = await start(t, { limit: '2/h' });
  const from = (ip: string) => admitted(3, { 'x-forwarded-for': ip });
  assert.equal(await from('192.0.2.1'), 2);
  assert.equal(await from('192.0.2.2'), 2);
  assert.equal(await from('::ffff:192.0.2.1'), 0);
  assert.equal(await from('2001:db8:0:1::1'), 2);
  assert.equal(await from('2001:db8:0:1:ffff::2'), 0);
  assert.equal(await from('2001:db8:0:2::1'), 2);
  const narrow = await start(t, { limit: '1/h', ipv6Prefix: 128 });
  assert.equal(await narrow.admitted(2, { 'x-forwarded-for': '2001:db8::1' }), 1);
  assert.equal(await narrow.admitted(2, { 'x-forwarded-for': '2001:db8::2' }), 1);
  const wide = await start(t, { limit: '1/h', ipv6Prefix: 56 });
  assert.equal(await wide.admitted(2, { 'x-forwarded-for': '2001:db8:0:100::1' }), 1);
  assert.equal(await wide.admitted(2, { 'x-forwarded-for': '2001:db8:0:1ff::1' }), 0);
  assert.equal(await wide.admitted(2, { 'x-forwarded-for': '2001:db8:0:200::1' }), 1);
});

test('by consumer, tenant, key and claim; who lacks it counts by address', async t => {
  for (const by of ['consumer', 'key', { claim: 'sub' }]) {
    const { admitted, count } = await start(t, { limit: '2/h', by });
    assert.equal(await admitted(3, { 'x-who': 'ann' }), 2);
    assert.equal(await admitted(3, { 'x-who': 'bob' }), 2);
    assert.equal(await admitted(3, { 'x-forwarded-for': '192.0.2.1' }), 2);
    assert.equal(await admitted(3, { 'x-forwarded-for': '192.0.2.2' }), 2);
    assert.equal(count('fallback'), 6);
  }
  for (const by of ['tenant', { claim: 'org.id' }]) {
    const { admitted } = await start(t, { limit: '2/h', by });
    assert.equal(await admitted(2, { 'x-who': 'ann/gold/t1' }), 2);
    assert.equal(await admitted(2, { 'x-who': 'bob/gold/t1' }), 0);
  }
  const shared = await start(t, { limit: '2/h', by: 'consumer', fallback: 'shared' });
  assert.equal(await shared.admitted(2, { 'x-forwarded-for': '192.0.2.1' }), 2);
  assert.equal(await shared.admitted(2, { 'x-forwarded-for': '192.0.2.2' }), 0);
});

test('a claim that is a number or a truth counts by its value', async t => {
  const byAge = await start(t, { limit: '2/h', by: { claim: 'age' } });
  assert.equal(await byAge.admitted(3, { 'x-who': 'ann', 'x-age': '30' }), 2);
  assert.equal(await byAge.admitted(3, { 'x-who': 'bob', 'x-age': '31' }), 2);
  assert.equal(await byAge.admitted(3, { 'x-who': 'eve', 'x-age': '30' }), 0);
  const byTruth = await start(t, { limit: '2/h', by: { claim: 'staff' } });
  assert.equal(await byTruth.admitted(3, { 'x-who': 'ann' }), 2);
  assert.equal(await byTruth.admitted(3, { 'x-who': 'bob' }), 2);
  assert.equal(await byTruth.admitted(3, { 'x-who': 'eve' }), 0);
  assert.deepEqual([byAge.count('fallback'), byTruth.count('fallback')], [0, 0]);
});

test('who lacks one of two parts has no budget of its own by the other', async t => {
  const by = [{ header: 'x-a' }, { header: 'x-b' }];
  const { admitted, count } = await start(t, { limit: '2/h', by, fallback: 'shared' });
  assert.equal(await admitted(2, { 'x-a': 'a' }), 2);
  assert.equal(await admitted(2, { 'x-a': 'b' }), 0);
  assert.equal(await admitted(2, { 'x-b': 'c' }), 0);
  assert.equal(await admitted(3, { 'x-a': 'a', 'x-b': 'c' }), 2);
  assert.equal(count('fallback'), 6);
});

test('keys of two consumers count apart, whatever their ids are', async t => {
  const { admitted } = await start(t, { limit: '2/h', by: 'key' });
  assert.equal(await admitted(3, { 'x-who': 'ann', 'x-key': 'main' }), 2);
  assert.equal(await admitted(3, { 'x-who': 'bob', 'x-key': 'main' }), 2);
  assert.equal(await admitted(3, { 'x-who': 'ann', 'x-key': 'second' }), 2);
});

test('by header, cookie, path parameter, their combination, and for all together', async t => {
  const path = '/items/{id}';
  const header = await start(t, { limit: '1/h', by: { header: 'X-User' } });
  assert.equal(await header.admitted(2, { 'x-user': 'a' }), 1);
  assert.equal(await header.admitted(2, { 'x-user': 'b' }), 1);
  const cookie = await start(t, { limit: '1/h', by: { cookie: 'sid' } });
  assert.equal(await cookie.admitted(2, { cookie: 'x=1; sid=a' }), 1);
  assert.equal(await cookie.admitted(2, { cookie: 'sid=b' }), 1);
  const parameter = await start(t, { limit: '1/h', by: { pathParameter: 'id' } }, { path });
  assert.equal(await parameter.admitted(2, {}, '/items/1'), 1);
  assert.equal(await parameter.admitted(2, {}, '/items/2'), 1);
  const both = await start(t, { limit: '1/h', by: [{ header: 'x-a' }, { header: 'x-b' }] });
  assert.equal(await both.admitted(2, { 'x-a': 'a', 'x-b': 'bc' }), 1);
  assert.equal(await both.admitted(2, { 'x-a': 'ab', 'x-b': 'c' }), 1);
  const all = await start(t, { limit: '1/h', by: 'global' });
  assert.equal(await all.admitted(2, { 'x-forwarded-for': '192.0.2.1' }), 1);
  assert.equal(await all.admitted(2, { 'x-forwarded-for': '192.0.2.2' }), 0);
});

test('limits together: each shows what is left, and the one that refuses is named', async t => {
  const { get, admitted, decisions } = await start(t, {
    limits: [
      { limit: '2/h', by: { header: 'x-user' }, name: 'user' },
      { limit: '3/h', by: 'global', name: 'all' },
    ],
  });
  assert.equal((await get({ 'x-user': 'a' })).headers['ratelimit'], '"user";r=1;t=1800, "all";r=2;t=1200');
  assert.equal(await admitted(5, { 'x-user': 'a' }), 1);
  // The three refused requests took nothing from the limit `all`.
  assert.equal(await admitted(1, { 'x-user': 'b' }), 1);
  const refused = await get({ 'x-user': 'b' });
  assert.match(JSON.parse(refused.body.toString()).detail, /"all"/);
  assert.equal(refused.headers['retry-after'], '1200');
  assert.deepEqual(
    [decisions(0), decisions(1)],
    [
      [3, 4, 0],
      [3, 1, 0],
    ],
  );
});

test('a plan’s rate takes the place of the limit', async t => {
  const plans: Plan[] = [
    { name: 'gold', rates: [{ count: 5, perMs: 3_600_000 }], quotas: null },
    { name: 'plain', rates: null, quotas: null },
  ];
  const { admitted, get } = await start(t, { limit: '2/h', by: 'consumer', plan: true }, { plans });
  assert.equal(await admitted(7, { 'x-who': 'ann/gold' }), 5);
  assert.equal((await get({ 'x-who': 'ann/gold' })).headers['ratelimit-policy'], '"default";q=5;w=3600');
  assert.equal(await admitted(7, { 'x-who': 'bob/plain' }), 2);
  assert.equal(await admitted(7, { 'x-who': 'eve' }), 2);
});

test('a plan’s rates all apply in place of the limit, and a refusal by one takes nothing from the others', async t => {
  const rates = [
    { count: 4, perMs: 60_000 },
    { count: 6, perMs: 3_600_000 },
  ];
  const plans: Plan[] = [{ name: 'gold', rates, quotas: null }];
  const limits = [
    { name: 'own', limit: '2/h', by: 'consumer', plan: true },
    { name: 'all', limit: '100/h', by: 'global' },
  ];
  const { admitted, decisions, get } = await start(t, { limits }, { plans });
  const [ann, bob] = [{ 'x-who': 'ann/gold' }, { 'x-who': 'bob/gold' }];
  const first = await get(ann);
  assert.equal(first.headers['ratelimit-policy'], '"own-min";q=4;w=60, "own-h";q=6;w=3600, "all";q=100;w=3600');
  assert.equal(first.headers['ratelimit'], '"own-min";r=3;t=15, "own-h";r=5;t=600, "all";r=99;t=36');
  assert.equal(await admitted(9, ann), 3);
  const refused = await get(ann);
  assert.equal(refused.headers['ratelimit'], '"own-min";r=0;t=15, "own-h";r=2;t=2400, "all";r=96;t=144');
  assert.equal(refused.headers['retry-after'], '15');
  assert.match(JSON.parse(refused.body.toString()).detail, /"own-min"/);
  assert.equal(await admitted(2, bob), 2);
  // In the metrics the limit goes by its own name, whatever the plan.
  assert.deepEqual(decisions(0), [6, 7, 0]);
  assert.equal(await admitted(9, { 'x-who': 'eve' }), 2);
});

test('a dry run counts a plan’s rates under the name of the limit', async t => {
  const rates = [
    { count: 2, perMs: 60_000 },
    { count: 3, perMs: 3_600_000 },
  ];
  const plans: Plan[] = [{ name: 'gold', rates, quotas: null }];
  const config = { limit: '9/h', by: 'consumer', plan: true, dryRun: true };
  const { admitted, decisions } = await start(t, config, { plans });
  assert.equal(await admitted(5, { 'x-who': 'ann/gold' }), 5);
  assert.deepEqual(decisions(0), [2, 0, 3]);
});

test('a cost is taken at once, and what the answer says beyond it afterwards', async t => {
  const fixed = await start(t, { limit: '10/h', cost: 4 });
  assert.equal(await fixed.admitted(5), 2);
  const { get, admitted, count } = await start(
    t,
    { limit: '10/h', cost: { responseHeader: 'X-Cost' } },
    { backend: (request, response) => response.setHeader('x-cost', request.headers['x-ask'] ?? '1').end() },
  );
  assert.equal((await get({ 'x-ask': '8' })).headers['ratelimit'], '"default";r=2;t=2880');
  assert.equal((await get()).headers['ratelimit'], '"default";r=1;t=3240');
  assert.equal((await get({ 'x-ask': 'plenty' })).status, 200);
  assert.equal(await admitted(3), 0);
  assert.equal(count('charged'), 3);
  const other = await start(
    t,
    { limit: '10/h', cost: { responseHeader: 'X-Cost' } },
    { backend: (request, response) => response.setHeader('x-cost', request.headers['x-ask'] ?? '1').end() },
  );
  // Ten at once and nine times as many owed is the most that a caller has to wait for.
  assert.equal((await other.get({ 'x-ask': '99999' })).headers['ratelimit'], '"default";r=0;t=36000');
  const windows = await start(
    t,
    { limit: '10/h', algorithm: 'slidingLog', cost: { responseHeader: 'X-Cost' }, legacyHeaders: true },
    { backend: (request, response) => response.setHeader('x-cost', request.headers['x-ask'] ?? '1').end() },
  );
  const { headers } = await windows.get({ 'x-ask': '7' });
  assert.deepEqual([headers['ratelimit'], headers['x-ratelimit-remaining']], ['"default";r=3;t=3600', '3']);
  assert.equal((await windows.get({ 'x-ask': '99' })).headers['ratelimit'], '"default";r=0;t=3600');
});

test('a dry run refuses nothing, and tells what it would have refused', async t => {
  const { admitted, count, get, logged } = await start(t, { limit: '2/h', dryRun: true });
  assert.equal(await admitted(5), 5);
  assert.deepEqual([count('admitted'), count('would_refuse'), count('refused')], [2, 3, 0]);
  assert.equal((await get()).headers['ratelimit'], undefined);
  assert.deepEqual(logged, [{ route: 'test', limit: 'default', requests: 1 }]);
});

test('who is excepted uses up nothing', async t => {
  const except = { ips: ['192.0.2.0/24'], consumers: ['boss'] };
  const { admitted, count } = await start(t, { limit: '1/h', by: 'global', except });
  assert.equal(await admitted(3, { 'x-forwarded-for': '192.0.2.9' }), 3);
  assert.equal(await admitted(3, { 'x-who': 'boss' }), 3);
  assert.equal(await admitted(3, { 'x-who': 'clerk' }), 1);
  assert.equal(count('exempt'), 6);
});

test('at most so many are under way at once, and each gives back its place once', async t => {
  const held: (() => void)[] = [];
  let arrived: () => void = () => {};
  const { get, count } = await start(
    t,
    { concurrency: 2, limit: '100/h' },
    {
      backend: (request, response) => {
        if (request.url !== '/hold') {
          response.end();
          return;
        }
        held.push(() => response.end());
        arrived();
      },
    },
  );
  const hold = async () => {
    const there = new Promise<void>(resolve => (arrived = resolve));
    const answer = get({}, '/hold');
    await there;
    return answer.then(({ status }) => status);
  };
  // The responses are wrapped in objects, since an async function would wait for a returned promise.
  const one = { answer: hold() };
  while (held.length < 1) await new Promise(resolve => setImmediate(resolve));
  const two = { answer: hold() };
  while (held.length < 2) await new Promise(resolve => setImmediate(resolve));
  const refused = await get();
  assert.equal(refused.status, 429);
  assert.equal(refused.headers['retry-after'], '1');
  assert.match(JSON.parse(refused.body.toString()).detail, /2 requests in progress/);
  held[0]!();
  assert.equal(await one.answer, 200);
  assert.equal((await get()).status, 200);
  assert.equal((await get()).status, 200);
  held[1]!();
  assert.equal(await two.answer, 200);
  assert.equal(count('refused_in_flight'), 1);
});

test('a request that a rate refuses gives back its place', async t => {
  const { get } = await start(t, {
    limits: [
      { concurrency: 1, by: 'global' },
      { limit: '1/h', by: { header: 'x-user' } },
    ],
  });
  assert.equal((await get({ 'x-user': 'a' })).status, 200);
  for (let n = 0; n < 3; n++) assert.equal((await get({ 'x-user': 'a' })).status, 429);
  assert.equal((await get({ 'x-user': 'b' })).status, 200);
});
