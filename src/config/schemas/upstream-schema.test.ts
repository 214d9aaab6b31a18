// Upstreams, consumers and limits: units become numbers, and settings that contradict each other are refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { checkValue } from '../problems/schema-problems.ts';
import { consumerSchema } from './consumer-schema.ts';
import { limitsSchema } from './limits-schema.ts';
import { listenerSchema } from './listener-schema.ts';
import { planSchema } from './plan-schema.ts';
import { upstreamSchema } from './upstream-schema.ts';

function made<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const outcome = checkValue(schema, value);
  assert.ok(outcome.ok, outcome.ok ? '' : JSON.stringify(outcome.problems));
  return outcome.value;
}

function refused(schema: z.ZodType, value: unknown, path: string, message: RegExp): void {
  const outcome = checkValue(schema, value);
  assert.ok(!outcome.ok, `accepted: ${JSON.stringify(value)}`);
  assert.deepEqual(
    outcome.problems.map(problem => problem.path.join('.')),
    [path],
    JSON.stringify(outcome.problems),
  );
  assert.match(outcome.problems[0]!.message, message);
}

const endpoints = ['http://10.0.0.1:8080'];

test('endpoints are URLs or maps', () => {
  const written = ['http://Users.internal', { url: 'http://[::1]:81', weight: 0, zone: 'eu-1' }];
  assert.deepEqual(made(upstreamSchema, { endpoints: written }).endpoints, [
    { url: 'http://users.internal:80', tls: false, host: 'users.internal', port: 80, weight: 1, zone: '' },
    { url: 'http://[::1]:81', tls: false, host: '::1', port: 81, weight: 0, zone: 'eu-1' },
  ]);
});

test('the host that endpoints get is the client’s, their own, or a name', () => {
  const hostOf = (host?: string) => made(upstreamSchema, { endpoints, ...(host !== undefined && { host }) }).host;
  assert.deepEqual([hostOf(), hostOf('client'), hostOf('endpoint')], [undefined, undefined, 'endpoint']);
  for (const host of ['shop.internal', 'shop_1:8443', '[::1]:80', '10.0.0.1']) assert.equal(hostOf(host), host);
  for (const host of ['', '$proxy_host', 'http://a', 'a b', 'a:port', 'a\r\nx: y'])
    refused(upstreamSchema, { endpoints, host }, 'host', /`client`, `endpoint`, or a host/);
});

test('an endpoint may be a Unix socket, by its whole path', () => {
  const socket = { url: 'unix:/run/my app/é.sock', tls: false, host: '/run/my app/é.sock', port: 0, zone: '' };
  assert.deepEqual(made(upstreamSchema, { endpoints: [socket.url, { url: 'unix:/run/b', weight: 2 }] }).endpoints, [
    { ...socket, weight: 1 },
    { ...socket, url: 'unix:/run/b', host: '/run/b', weight: 2 },
  ]);
  const wrong = (url: string, message: RegExp) => refused(upstreamSchema, { endpoints: [url] }, 'endpoints.0', message);
  for (const url of ['unix:', 'unix:run/a', 'unix://run/a', 'https://unix:/a', 'unix:/a\0b', 'unix:@a', 'UNIX:/a'])
    wrong(url, /a Unix socket is written with its whole path: expected unix:\//);
  wrong('unix:/run/', /a folder/);
  made(upstreamSchema, { endpoints: [`unix:/${'a'.repeat(106)}`] });
  wrong(`unix:/${'é'.repeat(54)}`, /at most 107 bytes, this one has 109/);
  for (const protocol of ['h2', 'auto'])
    refused(upstreamSchema, { endpoints: ['unix:/a'], protocol }, 'protocol', /needs https:\/\/ endpoints/);
  refused(upstreamSchema, { endpoints: ['unix:/a'], tls: {} }, 'tls', /no endpoint begins with https/);
  const healthCheck = { path: '/', port: 81 };
  refused(upstreamSchema, { endpoints: ['unix:/a'], healthCheck }, 'healthCheck.port', /has none/);
});

test('endpoints that give nobody a request are refused, and so is one that stands twice', () => {
  refused(upstreamSchema, { endpoints: [] }, 'endpoints', /at least one/);
  refused(upstreamSchema, { endpoints: [{ url: endpoints[0], weight: 0 }] }, 'endpoints', /weight 0/);
  refused(upstreamSchema, { endpoints: ['http://a', 'http://A:80'] }, 'endpoints.1', /twice/);
  refused(upstreamSchema, {}, 'endpoints', /is missing/);
  const backup = { url: 'http://10.0.0.2:8080', backup: true };
  refused(upstreamSchema, { endpoints: [backup] }, 'endpoints', /every endpoint is a `backup`/);
  const drained = { url: endpoints[0], weight: 0 };
  refused(upstreamSchema, { endpoints: [drained, backup] }, 'endpoints', /that is no `backup` has the weight 0/);
  refused(
    upstreamSchema,
    { endpoints: [endpoints[0], { ...backup, backup: 1 }] },
    'endpoints.1.backup',
    /true or false/,
  );
  assert.deepEqual(
    made(upstreamSchema, { endpoints: [endpoints[0], backup] }).endpoints.map(each => each.backup),
    [undefined, true],
  );
});

test('what is hashed is given for the balancers that hash, in every form, and for no other', () => {
  const forms: readonly (readonly [unknown, object])[] = [
    [{ header: 'X-User' }, { source: 'header', name: 'x-user' }],
    [{ cookie: 'Sid' }, { source: 'cookie', name: 'Sid' }],
    [{ query: 'Q' }, { source: 'query', name: 'Q' }],
    [{ ip: true }, { source: 'ip', name: '' }],
    ['ip', { source: 'ip', name: '' }],
    ['path', { source: 'path', name: '' }],
  ];
  for (const balance of ['ringHash', 'maglev']) {
    for (const [hashOn, expected] of forms) {
      assert.deepEqual(made(upstreamSchema, { endpoints, balance, hashOn }).hashOn, expected);
    }
    refused(upstreamSchema, { endpoints, balance }, 'balance', /needs `hashOn`/);
  }
  refused(upstreamSchema, { endpoints, hashOn: 'ip' }, 'hashOn', /no meaning with `balance: p2c`/);
  const two = { header: 'a', cookie: 'b' };
  refused(upstreamSchema, { endpoints, balance: 'maglev', hashOn: two }, 'hashOn', /found header and cookie/);
});

test('limits: sizes in bytes, times in milliseconds, 0 for none where none is allowed', () => {
  const limits = made(limitsSchema, { requestLine: '1KiB', body: '1MiB', minimumRate: '1KiB', bodyTimeout: '250ms' });
  assert.equal(limits.requestLineBytesMax, 1_024);
  assert.equal(limits.bodyBytesMax, 1_048_576);
  assert.equal(limits.minimumRateBytesPerSecond, 1_024);
  assert.equal(limits.bodyTimeoutMs, 250);
  assert.equal(made(limitsSchema, { body: 0, minimumRate: 0 }).bodyBytesMax, 0);
  refused(limitsSchema, { requestLine: '1B' }, 'requestLine', /from 64B to 1MiB/);
  refused(limitsSchema, { requestLine: '8KB' }, 'requestLine', /such as 512B, 64KiB/);
  refused(limitsSchema, { headerTimeout: '0s' }, 'headerTimeout', /longer than 0/);
  refused(limitsSchema, { headerCount: 1.5 }, 'headerCount', /a whole number, found 1\.5/);
});

test('PROXY headers are asked for together with whom to believe', () => {
  const address = '127.0.0.1:80';
  const trustedProxies = ['10.0.0.0/8', 'fd00::/8'];
  assert.deepEqual(
    made(listenerSchema, { address, proxyProtocol: true, trustedProxies }).trustedProxies,
    trustedProxies,
  );
  refused(listenerSchema, { address, proxyProtocol: true }, 'proxyProtocol', /needs `trustedProxies`/);
  refused(listenerSchema, { address, trustedProxies: ['10.0.0.0/33'] }, 'trustedProxies.0', /./);
});

test('consumers hold hashes of keys; what was written in place of one is shown to nobody', () => {
  const hash = `sha256:${'Ab'.repeat(32)}`;
  const keys = [{ id: 'k1', hash }];
  const acme = made(consumerSchema, { name: 'acme', keys });
  assert.deepEqual(acme, {
    name: 'acme',
    plan: null,
    tenant: null,
    groups: [],
    tags: {},
    keys: [
      { id: 'k1', hash: hash.toLowerCase(), scopes: [], routes: null, plan: null, expiresAtMs: null, disabled: false },
    ],
  });
  const outcome = checkValue(consumerSchema, { name: 'acme', keys: [{ id: 'k1', hash: 'my-secret-key' }] });
  assert.ok(!outcome.ok && outcome.problems.length === 1);
  assert.ok(!JSON.stringify(outcome.problems).includes('my-secret-key'));
  refused(consumerSchema, { name: 'acme', keys: [...keys, ...keys] }, 'keys.1.id', /twice/);
  const until = (expires: string) => made(consumerSchema, { name: 'acme', keys: [{ id: 'k1', hash, expires }] });
  assert.equal(until('2027-01-31').keys[0]?.expiresAtMs, Date.UTC(2027, 0, 31, 23, 59, 59, 999));
  assert.equal(until('2027-01-31T12:00:00+02:00').keys[0]?.expiresAtMs, Date.UTC(2027, 0, 31, 10));
  refused(
    consumerSchema,
    { name: 'acme', keys: [{ id: 'k1', hash, expires: 'soon' }] },
    'keys.0.expires',
    /2027-01-31/,
  );
  refused(consumerSchema, { name: 'acme', keys: [{ id: 'k1', hash, routes: [] }] }, 'keys.0.routes', /disabled: true/);
});

test('a plan limits something', () => {
  const month = 30 * 86_400_000;
  assert.deepEqual(made(planSchema, { quota: '10M/month' }), {
    rates: null,
    quotas: [{ count: 10_000_000, perMs: month }],
  });
  refused(planSchema, {}, '', /needs a `rate` or a `quota`/);
  refused(planSchema, { rate: [] }, 'rate', /at least one/);
  refused(planSchema, { rate: 10 }, 'rate', /expected a rate such as 100\/s/);
  refused(planSchema, { rate: ['10/s', 'fast'] }, 'rate.1', /expected a rate such as .*found "fast"/);
  refused(planSchema, { quota: ['1M/month', '5/h'] }, 'quota.1', /a quota of a day, a week or a month/);
});

test('of several rates of a plan, each can be the one that refuses', () => {
  const ratesOf = (rate: unknown) => made(planSchema, { rate }).rates?.map(({ count, perMs }) => [count, perMs]);
  assert.deepEqual(ratesOf(['10/s', '1000/h']), [[10, 1_000], [1_000, 3_600_000]]); // biome-ignore format: pairs
  assert.deepEqual(ratesOf(['1000/h', '100/5min', '10/s'])?.length, 3);
  refused(planSchema, { rate: ['10/s', '20/s'] }, 'rate.1', /^20\/s can never be the one that refuses, beside 10\/s/);
  refused(planSchema, { rate: ['10/s', '10/s'] }, 'rate.1', /never/);
  refused(planSchema, { rate: ['40k/h', '10/s'] }, 'rate.0', /^40000\/h can never/);
  refused(planSchema, { rate: ['500/h', '1000/s'] }, 'rate.1', /^1000\/s can never/);
  const quotasOf = (quota: unknown) => made(planSchema, { quota }).quotas?.length;
  for (const quota of [
    ['1M/month', '50k/day'],
    ['100/week', '500/month'],
    ['150/week', '100/month'],
  ])
    assert.equal(quotasOf(quota), 2, String(quota));
  assert.equal(quotasOf(['10/day', '60/week', '200/month']), 3);
  for (const [quota, at] of [
    [['1M/month', '2M/month'], 1],
    [['1M/month', '1M/month'], 1],
    [['10/day', '70/week'], 1],
    [['310/month', '10/day'], 0],
    [['100/week', '600/month'], 1],
    [['200/week', '100/month'], 0],
    [['9/day', '9/month'], 0],
  ] as const)
    refused(planSchema, { quota }, `quota.${at}`, /can never be the one that refuses/);
});

test('the scheme of discovered endpoints fits the protocol, as that of listed ones does', () => {
  const dns = { dns: 'users.internal', port: 8443 };
  refused(upstreamSchema, { protocol: 'h2', discover: dns }, 'protocol', /needs `scheme: https`.*`h2c`/);
  refused(upstreamSchema, { protocol: 'auto', discover: { srv: '_h._tcp.a' } }, 'protocol', /needs `scheme: https`/);
  refused(upstreamSchema, { protocol: 'h2c', discover: { ...dns, scheme: 'https' } }, 'protocol', /plain text/);
  for (const protocol of ['h2', 'auto', 'http/1.1'])
    made(upstreamSchema, { protocol, discover: { ...dns, scheme: 'https' } });
  for (const protocol of ['h2c', 'http/1.1']) made(upstreamSchema, { protocol, discover: dns });
  for (const protocol of ['h2', 'h2c', 'auto'])
    made(upstreamSchema, { protocol, discover: { file: 'endpoints.yaml' } });
});
