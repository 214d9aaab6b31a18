// Quotas in a gateway, kept in a real Redis and in a SQLite file: used up, reported, kept over restarts, and with an unavailable store.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { z } from 'zod';
import { eventually, eventuallySeen } from '../../../test/support/eventually.ts';
import { ask, startFilterGateway, valuesOf, written } from '../../../test/support/filter-gateway.ts';
import { startRedis } from '../../../test/support/redis.ts';
import { redisSpec, storeSpec } from '../../../test/support/store-spec.ts';
import { type CallerPart, callerParts } from '../../base/schema/caller-part.ts';
import type { FilterDefinition } from '../../exchange/filter.ts';
import type { Plan } from '../../exchange/identity/consumer.ts';
import { makeStore, type Store } from '../../store/store.ts';
import type { StoreSpec } from '../../store/store-spec.ts';
import { placeProblems, schema } from './config.ts';
import { quotaFilter } from './filter.ts';

/** Identifies the caller by a header: `name` or `name/plan`. */
const who: FilterDefinition<unknown> = {
  name: 'who',
  build: () => ({
    onRequest(exchange) {
      const [name, plan = null] = exchange.request.headers.get('x-who')?.split('/') ?? [];
      if (name !== undefined) exchange.consumer = { name, plan, tenant: 't', groups: [], tags: { day: '15' } };
    },
  }),
};

const dayMs = 24 * 3_600_000;
const plans: Plan[] = [
  { name: 'gold', rates: null, quotas: [{ count: 8, perMs: dayMs }] },
  {
    name: 'both',
    rates: null,
    quotas: [
      { count: 11, perMs: 30 * dayMs },
      { count: 10, perMs: dayMs },
    ],
  },
  {
    name: 'weekly',
    rates: null,
    quotas: [
      { count: 100, perMs: 30 * dayMs },
      { count: 2, perMs: 7 * dayMs },
    ],
  },
];

async function start(spec: StoreSpec, config: object) {
  const events = quotaFilter.events!;
  const cells = new Float64Array(events.length);
  const logged: { message: string; fields: Record<string, unknown> }[] = [];
  const store: Store = makeStore(spec);
  await store.open();
  const gateway = await startFilterGateway(
    [written(who, z.unknown(), {}), written(quotaFilter, schema, { store: 'main', ...config })],
    (_, response) => response.end('in'),
    {
      plans,
      trustedProxies: ['127.0.0.1/32'],
      services: {
        events,
        cells,
        stores: new Map([['main', store]]),
        log: (_level, message, fields) => void logged.push({ message, fields: { ...fields } }),
      },
    },
  );
  return {
    logged,
    store,
    count: (event: string) => cells[events.indexOf(event)],
    get: (name: string) => ask(gateway.port, { headers: name === '' ? {} : { 'x-who': name } }),
    send: (headers: Record<string, string>) => ask(gateway.port, { headers }),
    async statuses(name: string, times: number) {
      const seen: number[] = [];
      for (let n = 0; n < times; n++)
        seen.push((await ask(gateway.port, { headers: name === '' ? {} : { 'x-who': name } })).status);
      return seen;
    },
    async stop() {
      await gateway.stop();
      await store.close();
    },
  };
}

function folder(t: TestContext): string {
  const made = mkdtempSync(path.join(tmpdir(), 'cardea-quota-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** The sum in a value of Redis, in which a note for each gateway that added follows it. */
const sumOf = (value: unknown) => String(value).split(' ', 1)[0];

const ok = (times: number) => new Array<number>(times).fill(200);
const refused = (times: number) => new Array<number>(times).fill(429);

test('SQLite: a quota is used up, told at its shares, and still used up after a restart', async t => {
  const spec = storeSpec({ kind: 'sqlite', path: path.join(folder(t), 'state', 'quota.db') });
  const first = await start(spec, { limit: '5/month' });
  assert.deepEqual(await first.statuses('acme', 3), ok(3));
  const fourth = await first.get('acme');
  assert.deepEqual(valuesOf(fourth, 'quota-warning'), ['"quota";used=80']);
  assert.match(valuesOf(fourth, 'ratelimit')[0]!, /^"quota";r=1;t=\d+$/);
  assert.match(valuesOf(fourth, 'ratelimit-policy')[0]!, /^"quota";q=5;w=\d+$/);
  assert.deepEqual(await first.statuses('acme', 2), [200, 429]);
  const beyond = await first.get('acme');
  assert.equal(JSON.parse(beyond.body.toString()).code, 'quota_exceeded');
  assert.ok(Number(valuesOf(beyond, 'retry-after')[0]) <= 31 * 86_400);
  assert.deepEqual(await first.statuses('other', 1), ok(1));
  await first.stop();
  assert.deepEqual(
    first.logged.map(({ message, fields }) => [message, fields['caller'], fields['percent']]),
    [
      ['quota nearly used up', 'acme', 80],
      ['quota used up', 'acme', 100],
    ],
  );
  const second = await start(spec, { limit: '5/month' });
  t.after(() => second.stop());
  assert.deepEqual(await second.statuses('acme', 2), refused(2));
  assert.deepEqual(await second.statuses('other', 4), ok(4));
});

test('SQLite: a caller whose row an operator deletes is admitted again', async t => {
  const file = path.join(folder(t), 'quota.db');
  const gateway = await start(storeSpec({ kind: 'sqlite', path: file }), { limit: '2/month' });
  t.after(() => gateway.stop());
  assert.deepEqual(await gateway.statuses('acme', 3), [200, 200, 429]);
  const operator = new DatabaseSync(file);
  operator.exec('DELETE FROM quota');
  operator.close();
  const now = performance.now.bind(performance);
  t.mock.method(performance, 'now', () => now() + 6_000);
  await eventually(async () => (await gateway.get('acme')).status === 200, 'the sum is asked for again');
});

test('a quota that dear requests cannot fill is told as used up when the next one is refused, once, and by the answer too', async t => {
  const gateway = await start(storeSpec({ kind: 'sqlite', path: path.join(folder(t), 'quota.db') }), {
    limit: '10/month',
    cost: 3,
  });
  assert.deepEqual(await gateway.statuses('acme', 5), [...ok(3), ...refused(2)]);
  assert.deepEqual(valuesOf(await gateway.get('acme'), 'quota-warning'), ['"quota";used=100']);
  await gateway.stop();
  assert.deepEqual(
    gateway.logged.map(({ message, fields }) => [message, fields['sum']]),
    [
      ['quota nearly used up', 9],
      ['quota used up', 9],
    ],
  );
});

test('a quota without soft shares never warns, whether its headers are on or off', async t => {
  for (const headers of [true, false]) {
    const gateway = await start(storeSpec({ kind: 'sqlite', path: path.join(folder(t), 'quota.db') }), {
      limit: '2/month',
      soft: [],
      headers,
    });
    t.after(() => gateway.stop());
    assert.deepEqual(await gateway.statuses('acme', 2), ok(2));
    const beyond = await gateway.get('acme');
    assert.equal(beyond.status, 429);
    assert.deepEqual(valuesOf(beyond, 'quota-warning'), []);
    assert.equal(valuesOf(beyond, 'ratelimit').length, headers ? 1 : 0);
  }
});

test('Redis: two gateways share a quota; the plan’s takes the place of the filter’s', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const config = { limit: '4/day', metering: true };
  const one = await start(redisSpec(redis.port), config);
  const other = await start(redisSpec(redis.port), config);
  t.after(() => Promise.all([one.stop(), other.stop()]));
  assert.deepEqual(await one.statuses('acme', 3), ok(3));
  const told = () => one.logged.some(({ message, fields }) => message === 'quota used' && fields['sum'] === 3);
  await eventually(told, 'the other one can know');
  assert.deepEqual(await other.statuses('acme', 2), [200, 429]);
  assert.deepEqual(await one.statuses('rich/gold', 9), [...ok(8), 429]);
  assert.equal(one.count('refused'), 1);
  assert.ok(one.logged.some(({ message, fields }) => message === 'quota used' && fields['caller'] === 'rich'));
});

test('what others have used up is seen by a gateway that has heard nothing for a while; without its store it goes by what it knows', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const one = await start(redisSpec(redis.port), { limit: '5/month' });
  const other = await start(redisSpec(redis.port), { limit: '5/month' });
  t.after(() => Promise.all([one.stop(), other.stop()]));
  for (const name of ['acme', 'late']) {
    assert.deepEqual(await one.statuses(name, 1), ok(1));
    assert.deepEqual(await other.statuses(name, 3), ok(3));
  }
  assert.deepEqual(await other.statuses('acme', 1), ok(1));
  await delay(100); // Because: the other gateway has reported its usage by then, and no event says so.
  assert.deepEqual(await one.statuses('acme', 1), refused(1));
  redis.pause();
  // As far as this gateway knows, four are left.
  assert.deepEqual(await one.statuses('late', 5), [...ok(4), ...refused(1)]);
  redis.resume();
});

test('two that share a line and differ in their plans each go by their own limit, also when they come together', async t => {
  const spec = storeSpec({ kind: 'sqlite', path: path.join(folder(t), 'quota.db') });
  const gateway = await start(spec, { limit: '1/day' });
  t.after(() => gateway.stop());
  // The store is asked once for all requests that arrive first, and none is decided before all have arrived.
  const [own, gold, beyond] = await Promise.all([
    gateway.get('acme'),
    gateway.get('acme/gold'),
    gateway.get('acme/gold').then(() => gateway.get('acme')),
  ]);
  const policies = [own, gold].map(answer => valuesOf(answer, 'ratelimit-policy')[0]);
  assert.deepEqual(policies, ['"quota";q=1;w=86400', '"quota";q=8;w=86400']);
  assert.equal(beyond.status, 429);
});

test('all quotas of a plan must have room, and a refusal by one takes nothing from the others', async t => {
  const spec = storeSpec({ kind: 'sqlite', path: path.join(folder(t), 'quota.db') });
  let now = Date.parse('2026-11-10T12:00:00Z');
  t.mock.method(Date, 'now', () => now);
  const gateway = await start(spec, { limit: '1/day', metering: true });
  t.after(() => gateway.stop());
  const first = await gateway.get('acme/both');
  const [month, day] = [30 * 24 * 3_600, 24 * 3_600];
  assert.deepEqual(valuesOf(first, 'ratelimit-policy'), [`"quota-month";q=11;w=${month}`, `"quota-day";q=10;w=${day}`]);
  assert.deepEqual(valuesOf(first, 'ratelimit'), [
    `"quota-month";r=10;t=${month - 9.5 * day}`,
    `"quota-day";r=9;t=${day / 2}`,
  ]);
  assert.deepEqual(await gateway.statuses('acme/both', 10), [...ok(9), 429]);
  const refusedByDay = await gateway.get('acme/both');
  assert.equal(refusedByDay.headers['retry-after'], String(day / 2));
  assert.deepEqual(valuesOf(refusedByDay, 'quota-warning'), ['"quota-month";used=80', '"quota-day";used=100']);
  now += day * 1_000;
  assert.deepEqual(await gateway.statuses('acme/both', 2), [200, 429]);
  const refusedByMonth = await gateway.get('acme/both');
  assert.equal(refusedByMonth.headers['retry-after'], String(month - 10.5 * day));
  assert.deepEqual(
    valuesOf(refusedByMonth, 'ratelimit').map(text => text.split(';')[1]),
    ['r=0', 'r=9'],
  );
  assert.deepEqual([gateway.count('admitted'), gateway.count('refused')], [11, 4]);
  const usedIn = (per: string) => gateway.logged.findLast(({ fields }) => fields['per'] === per)?.fields;
  await eventually(() => usedIn('month')?.['sum'] === 11 && usedIn('day')?.['sum'] === 1, 'both are told');
  assert.deepEqual([usedIn('month')?.['period'], usedIn('day')?.['period']], ['2026-11-01', '2026-11-11']);
});

test('a quota that is known to be used up refuses, also while the sum of another one is not known', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  // A Wednesday that Redis does not take for over; the Thursday after it is in another month, but in the same week.
  let now = Date.parse('2099-09-30T12:00:00Z');
  t.mock.method(Date, 'now', () => now);
  const config = { limit: '1/day', metering: true };
  const [open, closed] = [
    await start(redisSpec(redis.port), config),
    await start(redisSpec(redis.port), { ...config, name: 'strict', onStoreFailure: 'closed' }),
  ];
  t.after(() => Promise.all([open.stop(), closed.stop()]));
  for (const gateway of [open, closed]) {
    assert.deepEqual(await gateway.statuses('used/weekly', 2), ok(2));
    assert.deepEqual(await gateway.statuses('left/weekly', 1), ok(1));
    const reported = () => gateway.logged.filter(({ message }) => message === 'quota used').length;
    await eventually(() => reported() >= 4, 'all is reported');
  }
  redis.pause();
  now += dayMs;
  assert.deepEqual(await open.statuses('used/weekly', 2), refused(2));
  assert.deepEqual(await open.statuses('left/weekly', 2), [200, 429]);
  assert.deepEqual([open.count('refused'), open.count('store_away')], [3, 1]);
  assert.deepEqual(await closed.statuses('left/weekly', 2), [503, 503]);
  redis.resume();
});

test('a day is that of the time zone, a billing month begins on the consumer’s own day, and a request costs what it is said to', async t => {
  const spec = storeSpec({ kind: 'sqlite', path: path.join(folder(t), 'quota.db') });
  let now = Date.parse('2026-11-10T23:30:00Z');
  t.mock.method(Date, 'now', () => now);
  const open = async (config: object) => {
    const gateway = await start(spec, config);
    t.after(() => gateway.stop());
    return gateway;
  };
  const daily = await open({ name: 'daily', limit: '5/day', timeZone: 'Europe/Berlin', cost: 2 });
  const day = 24 * 3_600;
  const first = await daily.get('acme');
  assert.deepEqual(valuesOf(first, 'ratelimit'), [`"daily";r=3;t=${day - 1_800}`]);
  assert.deepEqual(await daily.statuses('acme', 2), [200, 429]);
  const billed = await open({ name: 'billed', limit: '2/month', startDay: { tag: 'day' } });
  const tagged = await billed.get('acme');
  assert.deepEqual(valuesOf(tagged, 'ratelimit-policy'), [`"billed";q=2;w=${31 * day}`]);
  assert.deepEqual(valuesOf(tagged, 'ratelimit'), [`"billed";r=1;t=${4 * day + 1_800}`]);
  const nobody = await billed.get('');
  assert.deepEqual(valuesOf(nobody, 'ratelimit'), [`"billed";r=1;t=${20 * day + 1_800}`], 'the first without a tag');
  assert.deepEqual(await billed.statuses('acme', 2), [200, 429]);
  now += (day / 2) * 1_000;
  assert.deepEqual([...(await daily.statuses('acme', 1)), ...(await billed.statuses('acme', 1))], [429, 429]);
  now = Date.parse('2026-11-15T00:00:01Z');
  assert.deepEqual([...(await daily.statuses('acme', 1)), ...(await billed.statuses('acme', 1))], [200, 200]);
  assert.deepEqual(await billed.statuses('', 2), [200, 429], 'whose month goes on');
});

test('who has no consumer counts for his address; a soft quota refuses nobody', async t => {
  const spec = storeSpec({ kind: 'sqlite', path: path.join(folder(t), 'quota.db') });
  const soft = await start(spec, { limit: '2/week', enforce: false, startDay: 1 });
  t.after(() => soft.stop());
  assert.deepEqual(await soft.statuses('', 4), ok(4));
  assert.equal(soft.count('fallback'), 4);
  assert.equal(soft.count('would_refuse'), 2);
});

test('the store is away: open admits and counts on, closed refuses, and what was used is told later', async t => {
  const redis = await startRedis();
  await redis.stop();
  const spec = redisSpec(redis.port, { connectTimeoutMs: 100 });
  const open = await start(spec, { limit: '5/day' });
  const closed = await start(spec, { limit: '5/day', onStoreFailure: 'closed' });
  t.after(() => Promise.all([open.stop(), closed.stop()]));
  assert.deepEqual(await open.statuses('acme', 3), ok(3));
  assert.deepEqual(await closed.statuses('acme', 2), [503, 503]);
  for (const gateway of [open, closed])
    assert.deepEqual(valuesOf(await gateway.get('nobody'), 'ratelimit'), [], 'nothing is known of what is left');
  const again = await startRedis({ port: redis.port });
  t.after(() => again.stop());
  const reader = makeStore(redisSpec(redis.port));
  t.after(() => reader.close());
  assert.ok(reader.kind === 'redis');
  await eventuallySeen(
    () => closed.get('acme'),
    ({ status }) => status !== 503,
    'Redis is found again',
  );
  // Each gateway notices by itself that Redis is back, and reports what it counted meanwhile.
  const used = async (): Promise<unknown> => {
    const [key] = (await reader.command('KEYS', 'cardea:q:*acme')) as string[]; // Because: KEYS gives a list of names
    return sumOf(await reader.command('GET', key!));
  };
  await eventuallySeen(used, count => count === '4', 'both have told');
});

test('Redis: one caller whose key cannot be counted does not make others pay again and again', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const gateway = await start(redisSpec(redis.port), { limit: '1000/month', metering: true });
  t.after(() => gateway.stop());
  const { store } = gateway;
  assert.ok(store.kind === 'redis');
  assert.deepEqual(await gateway.statuses('bad', 1), ok(1));
  await eventuallySeen(
    async () => gateway.logged.length,
    told => told === 1,
    'the first request is told',
  );
  const [key] = (await store.command('KEYS', 'cardea:q:*')) as string[]; // Because: KEYS gives a list of names
  await store.command('DEL', key!);
  await store.command('RPUSH', key!, 'no counter');
  const names = Array.from({ length: 30 }, (_, n) => (n % 2 === 0 ? 'bad' : 'good'));
  for (const name of names) assert.deepEqual(await gateway.statuses(name, 1), ok(1));
  await eventuallySeen(
    async () => gateway.logged.some(({ fields }) => fields['caller'] === 'good' && fields['sum'] === 15),
    told => told,
    'all that could be counted is told',
  );
  await delay(600); // Because: usage that was reported once must not be reported again every quarter of a second.
  assert.equal(sumOf(await store.command('GET', key!.replace('bad', 'good'))), '15');
});

test('SQLite: a file that another process has locked holds up nobody else', async t => {
  const file = path.join(folder(t), 'quota.db');
  const gateway = await start(storeSpec({ kind: 'sqlite', path: file }), { limit: '5/day' });
  t.after(() => gateway.stop());
  assert.deepEqual(await gateway.statuses('acme', 1), ok(1));
  // Because: the gateway may be writing usage to the file at this moment.
  const other = new DatabaseSync(file, { timeout: 5_000 });
  other.exec('BEGIN IMMEDIATE');
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  assert.deepEqual(await gateway.statuses('late', 1), ok(1));
  assert.deepEqual(await gateway.statuses('later', 3), ok(3));
  clearInterval(timer);
  // The first request waited for the whole of the store's timeout, and everything else continued meanwhile.
  assert.ok(turns >= 10, `${turns} turns`);
  other.exec('COMMIT');
  other.close();
  await eventuallySeen(
    () => gateway.statuses('later', 3),
    statuses => statuses.every(status => status === 429),
    'it is counted again',
  );
});

test('what is no quota of the calendar is refused', () => {
  for (const limit of ['10/s', '10/h', '0/day', 'many'])
    assert.ok(!schema.safeParse({ limit, store: 's' }).success, limit);
  assert.ok(!schema.safeParse({ limit: '1/day', store: 's', timeZone: 'Berlin' }).success);
  assert.ok(!schema.safeParse({ limit: '1/day', store: 's', startDay: 5 }).success);
  assert.ok(!schema.safeParse({ limit: '1/month', store: 's', startDay: 32 }).success);
  assert.ok(!schema.safeParse({ limit: '1/month' }).success);
  assert.ok(!schema.safeParse({ limit: '5/day', store: 's', cost: 6 }).success);
  const names = { routes: new Set(''), consumers: new Set('') };
  const tags = new Map([['day', new Map([['15', 'one'], ['05', 'third'], ['31st', 'other']])]]); // biome-ignore format: pairs
  const tagValues = (tag: string) => tags.get(tag) ?? new Map();
  const knownOfCaller = new Set(callerParts);
  const around = {
    knowsCaller: true,
    knownOfCaller,
    pathParameters: [],
    ...names,
    plans: plans.slice(0, 2),
    tagValues,
  };
  const toldOf = (config: object) =>
    placeProblems(schema.parse({ limit: '1000/month', store: 's', ...config }), around);
  const stranger = { ...around, knownOfCaller: new Set<CallerPart>(['claim']) };
  const byOf = (by: string) =>
    placeProblems(schema.parse({ limit: '1000/month', store: 's', by }), stranger).find(({ path }) => path[0] === 'by');
  assert.deepEqual([byOf('consumer')?.severity, byOf('ip')], ['warning', undefined]);
  assert.match(byOf('key')!.message, /knows callers by keys, so there is never a key/);
  const told = (cost: number) => toldOf({ limit: '1000/day', cost });
  assert.match(told(9)[0]!.message, /9 units ever fits into the quota of the plan "gold", which is 8/);
  assert.equal(told(9)[0]!.severity, 'warning');
  assert.deepEqual(told(8), []);
  assert.deepEqual(
    [{ startDay: { tag: 'day' } }, { startDay: { tag: 'dya' } }, { startDay: 15 }].map(config =>
      toldOf(config).map(({ message, severity }) => [message, severity]),
    ),
    [
      [
        [
          'the consumer "other" has the tag "31st", which is no day from 1 to 31: his month starts on the 1st',
          'warning',
        ],
      ],
      [['no consumer has a tag "dya", so every month starts on the 1st', 'warning']],
      [],
    ],
  );
});

test('what is known of an address behind a proxy keeps no head of a request in memory', async t => {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  const gateway = await start(storeSpec({ kind: 'sqlite', path: path.join(folder(t), 'state.db') }), {
    limit: '10/day',
    by: 'ip',
  });
  t.after(() => gateway.stop());
  const flood = async (third: number) => {
    for (let n = 100; n < 250; n++) {
      const headers = { 'x-forwarded-for': `203.0.${third}.${n}`, 'x-pad': 'x'.repeat(14_000) };
      assert.equal((await gateway.send(headers)).status, 200);
    }
    gc();
    return process.memoryUsage().heapUsed;
  };
  const before = await flood(113);
  const more = (await flood(114)) - before;
  assert.ok(more < 1_000_000, `${more} bytes more`);
});
