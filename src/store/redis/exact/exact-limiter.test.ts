// Exact limits against a real Redis: nothing above the limit through two gateways at once, all or nothing in a stack, few round trips.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../../../test/support/eventually.ts';
import { limitRule, openLimitGateway } from '../../../../test/support/limit-gateway.ts';
import { startRedis } from '../../../../test/support/redis.ts';
import { redisSpec } from '../../../../test/support/store-spec.ts';
import { algorithms } from '../../limiter/limit-rule.ts';
import { RedisStore } from '../redis-store.ts';
import { decideScript } from './decide-script.ts';

/** Calls may wait long here: the tests count what Redis decides. */
const patient = { mode: 'exact', answerMsMax: 2_000 } as const;

test('every algorithm admits its limit and not one more, through two gateways at once', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  for (const algorithm of algorithms) {
    const rules = [limitRule({ identity: algorithm, algorithm, count: 20, perMs: 3_600_000 })];
    const one = await openLimitGateway(redisSpec(redis.port), rules, patient);
    const other = await openLimitGateway(redisSpec(redis.port), rules, patient);
    const answers = await Promise.all(Array.from({ length: 60 }, (_, n) => (n % 3 === 0 ? other : one).ask(1)));
    assert.equal(answers.filter(Boolean).length, 20, algorithm);
    const call = one.call(1);
    assert.equal(await one.limiter.decide(call), false);
    assert.equal(call.refusedBy, 0);
    assert.equal(call.remaining[0], 0);
    assert.ok(call.waitMs[0]! > 0 && call.waitMs[0]! <= 2 * 3_600_000, `${algorithm} ${call.waitMs[0]}`);
    const another = one.call(2, 5);
    assert.equal(await one.limiter.decide(another), true);
    assert.equal(another.remaining[0], 15, algorithm);
    assert.equal(another.waitMs[0], 0);
    assert.ok(another.resetMs[0]! > 0);
    const never = one.call(3, 21);
    assert.equal(await one.limiter.decide(never), false);
    assert.equal(never.waitMs[0], Infinity);
    await Promise.all([one.close(), other.close()]);
  }
});

test('a refusal by one limit takes nothing from the others', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const rules = [
    limitRule({ identity: 'wide', count: 50, perMs: 3_600_000 }),
    limitRule({ identity: 'narrow', count: 5, perMs: 3_600_000, algorithm: 'fixedWindow' }),
    limitRule({ identity: 'log', count: 40, perMs: 3_600_000, algorithm: 'slidingLog' }),
  ];
  const gateway = await openLimitGateway(redisSpec(redis.port), rules, patient);
  t.after(() => gateway.close());
  for (let n = 0; n < 20; n++) assert.equal(await gateway.ask(1), n < 5);
  const call = gateway.call(1, 0);
  await gateway.limiter.decide(call);
  assert.deepEqual([...call.remaining], [45, 0, 35]);
  const refused = gateway.call(1);
  assert.equal(await gateway.limiter.decide(refused), false);
  assert.deepEqual([...refused.remaining], [45, 0, 35], 'told as it is');
  const [wholeIn, whole] = [refused.resetMs[0]!, call.resetMs[0]!];
  assert.ok(wholeIn <= whole && wholeIn > whole - 20_000, `${wholeIn} of ${whole}`);
});

test('a log that is refused because of units of an outage tells when the oldest unit comes back', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const store = new RedisStore(redisSpec(redis.port));
  t.after(() => store.close());
  await store.open();
  const [seconds] = (await store.command('TIME')) as [string, string];
  const minuteUs = 60_000_000;
  const nowUs = Number(seconds) * 1_000_000;
  // Eight units of ten: the oldest came fifty minutes ago, the others just now.
  await store.command('ZADD', 'log', nowUs - 50 * minuteUs, 'oldest');
  for (let n = 1; n < 8; n++) await store.command('ZADD', 'log', nowUs - n, `unit ${n}`);
  const take = (cost: number, owed: number) =>
    store.command('EVAL', decideScript, 1, 'log', 'take', 0, 'slidingLog', 10, 60 * minuteUs, 10, cost, owed, owed);
  const [refusedBy, left, waitUs] = (await take(1, 2)) as number[];
  assert.deepEqual([refusedBy, left], [0, 0]);
  assert.ok(waitUs! > 9 * minuteUs && waitUs! <= 10 * minuteUs, `${waitUs! / minuteUs} minutes`);
  const [, , againUs] = (await take(1, 0)) as number[];
  assert.ok(againUs! > 9 * minuteUs && againUs! <= 10 * minuteUs, `${againUs! / minuteUs} minutes`);
});

test('a charge is owed, and comes back as time does', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const gateway = await openLimitGateway(redisSpec(redis.port), [limitRule({ count: 100, burst: 10 })], patient);
  t.after(() => gateway.close());
  gateway.limiter.charge(gateway.call(1), 0, 30);
  const call = gateway.call(1);
  assert.equal(await gateway.limiter.decide(call), false);
  assert.ok(call.waitMs[0]! > 150 && call.waitMs[0]! <= 210, String(call.waitMs[0]));
});

test('a charge to a full log takes the place of its oldest units', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const rules = [limitRule({ algorithm: 'slidingLog', count: 3, perMs: 3_600_000 })];
  const gateway = await openLimitGateway(redisSpec(redis.port), rules, patient);
  t.after(() => gateway.close());
  assert.equal(await gateway.ask(1, 3), true);
  const { store } = gateway;
  const [name] = (await store.command('KEYS', store.key('l:*'))) as [string];
  const times = async () => {
    const pairs = (await store.command('ZRANGE', name, 0, -1, 'WITHSCORES')) as string[] | [string, string][];
    // Because: RESP3 returns each member with its score in a list of their own.
    return pairs.flat().filter((_, at) => at % 2 === 1);
  };
  const [first] = await times();
  gateway.limiter.charge(gateway.call(1), 0, 2);
  await eventually(async () => (await times())[1] !== first, 'it is charged');
  const now = await times();
  assert.equal(now.length, 3);
  assert.deepEqual([now[0] === first, now[1] === now[2]], [true, true]);
});

test('the calls of a loop turn share a round trip', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const gateway = await openLimitGateway(redisSpec(redis.port), [limitRule({ count: 1_000_000 })], patient);
  t.after(() => gateway.close());
  await gateway.ask(0);
  const before = await commandsOf(gateway.store);
  for (let turn = 0; turn < 10; turn++) await Promise.all(Array.from({ length: 100 }, (_, n) => gateway.ask(n)));
  const { reads, calls } = await commandsOf(gateway.store);
  assert.equal(calls - before.calls, 1_000);
  // Redis reads 16 KiB of a socket at a time, so it may need a few reads for one write.
  assert.ok(reads - before.reads < 100, `${reads - before.reads} reads for 1,000 decisions`);
});

for (const loses of [false, true]) {
  const how = loses
    ? 'a Redis that was lost, and came back empty, is told all'
    : 'an answer that is late costs nobody more';
  test(`${how} that was used here`, async t => {
    let redis = await startRedis();
    t.after(() => redis.stop());
    for (const algorithm of algorithms) {
      const rules = [limitRule({ identity: algorithm, algorithm, count: 100, perMs: 24 * 3_600_000 })];
      const gateway = await openLimitGateway(redisSpec(redis.port), rules, { mode: 'exact', answerMsMax: 200 });
      for (let n = 0; n < 60; n++) assert.equal(await gateway.ask(1), true);
      if (loses) {
        const { port } = redis;
        process.kill(redis.pid, 'SIGKILL');
        await eventually(() => !(gateway.ask(2) instanceof Promise), 'Redis is asked no more');
        await redis.stop();
        assert.equal(gateway.ask(1), true);
        redis = await startRedis({ port });
      } else {
        redis.pause();
        assert.equal(await gateway.ask(1), true);
        redis.resume();
      }
      await eventually(() => gateway.ask(2) instanceof Promise, 'Redis is asked again');
      const answers = await Promise.all(Array.from({ length: 60 }, () => gateway.ask(1)));
      assert.equal(answers.filter(Boolean).length, 39, algorithm);
      await gateway.close();
    }
  });
}

for (const loses of [false, true]) {
  const how = loses
    ? 'comes back empty, learns of those who stayed away meanwhile'
    : 'lost nothing, counts nobody twice';
  test(`a Redis whose connections were cut, and that ${how}`, async t => {
    let redis = await startRedis();
    const { port } = redis;
    t.after(() => redis.stop());
    for (const algorithm of ['gcra', 'fixedWindow', 'slidingWindow'] as const) {
      const rules = [limitRule({ identity: algorithm, algorithm, count: 100, perMs: 24 * 3_600_000 })];
      const open = () => openLimitGateway(redisSpec(port, { keyPrefix: `${algorithm}:` }), rules, patient);
      const gateways = await Promise.all([open(), open()]);
      await eventually(() => gateways.every(({ news }) => news()?.gateways === 2), 'both on the roll');
      for (const { ask } of gateways) for (let n = 0; n < 30; n++) assert.equal(await ask(1), true);
      for (const { ask } of gateways) for (let n = 0; n < 30; n++) assert.equal(await ask(2), true);
      const lost = gateways.map(
        ({ store, ask }) => new Promise(resolve => store.onAvailability(is => is || resolve(ask(2)))),
      );
      if (loses) {
        process.kill(redis.pid, 'SIGKILL');
        await redis.stop();
      } else {
        const other = new RedisStore(redisSpec(port));
        await other.command('CLIENT', 'KILL', 'TYPE', 'normal');
        await other.close();
      }
      assert.deepEqual(await Promise.all(lost), [true, true], 'one each without Redis');
      if (loses) redis = await startRedis({ port });
      for (const { ask } of gateways) await eventually(() => ask(3) instanceof Promise, 'it is back');
      const admitted = [0, 0];
      for (let n = 0; n < 60; n++)
        for (const { ask } of gateways) for (const caller of [1, 2]) if (await ask(caller)) admitted[caller - 1]!++;
      assert.deepEqual(admitted, [40, 38], algorithm);
      await Promise.all(gateways.map(gateway => gateway.close()));
    }
  });
}

test('a Redis that was lost twice learns of those who stayed away, however many called between the losses', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const rules = [limitRule({ count: 100, perMs: 24 * 3_600_000 })];
  const settings = { mode: 'exact', answerMsMax: 10_000, tableBytes: 1 << 24 } as const;
  const gateway = await openLimitGateway(redisSpec(redis.port), rules, settings);
  t.after(() => gateway.close());
  const admin = new RedisStore(redisSpec(redis.port));
  t.after(() => admin.close());
  const lose = async () => {
    const lost = new Promise(resolve => gateway.store.onAvailability(is => is || resolve(is)));
    await admin.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await lost;
    await eventually(() => gateway.store.available, 'it is back');
  };
  for (let n = 0; n < 60; n++) assert.equal(await gateway.ask(0), true);
  await lose();
  // One more than are remembered.
  for (let from = 1; from <= 65_537; from += 8_192) {
    const answers = await Promise.all(Array.from({ length: 8_192 }, (_, n) => gateway.ask(from + n)));
    assert.ok(answers.every(Boolean));
  }
  await admin.command('FLUSHDB');
  await lose();
  const answers = await Promise.all(Array.from({ length: 60 }, () => gateway.ask(0)));
  assert.equal(answers.filter(Boolean).length, 40);
});

/** From the statistics of Redis: how often it read from sockets, and how many scripts it ran. */
async function commandsOf(store: { command(name: string, ...args: string[]): Promise<unknown> }) {
  const stats = String(await store.command('INFO', 'everything'));
  const number = (pattern: RegExp) => Number(pattern.exec(stats)?.[1] ?? 0);
  return { reads: number(/total_reads_processed:(\d+)/), calls: number(/cmdstat_evalsha:calls=(\d+)/) };
}

test('a restart of Redis between two calls is no error: the script is sent again', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const gateway = await openLimitGateway(redisSpec(redis.port), [limitRule({ count: 3, perMs: 3_600_000 })], patient);
  t.after(() => gateway.close());
  assert.equal(await gateway.ask(1), true);
  await gateway.store.command('SCRIPT', 'FLUSH');
  assert.equal(await gateway.ask(1), true);
  assert.equal(await gateway.ask(1), true);
  assert.equal(await gateway.ask(1), false);
});

test('when one call has waited long enough, those that wait for the same server wait no longer either', async t => {
  const redis = await startRedis();
  t.after(() => {
    redis.resume();
    return redis.stop();
  });
  const settings = { mode: 'exact', answerMsMax: 500 } as const;
  const gateway = await openLimitGateway(redisSpec(redis.port), [limitRule()], settings);
  t.after(() => gateway.close());
  await gateway.ask(1);
  redis.pause();
  const first = gateway.ask(1);
  await new Promise(resolve => setTimeout(resolve, 200)); // Because: the second call must be younger than the first.
  const secondAt = performance.now();
  const second = gateway.ask(1);
  await first;
  await second;
  assert.ok(performance.now() - secondAt < 450, `the second waited ${performance.now() - secondAt} ms`);
  assert.equal(gateway.ask(1), true, 'and the next ones are decided at once');
});
