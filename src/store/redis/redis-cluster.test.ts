// A real Redis Cluster: limits spread over its slots, and stacks that lie in several of them.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Redis } from 'ioredis';
import { eventually } from '../../../test/support/eventually.ts';
import { type LimitGateway, limitRule, openLimitGateway } from '../../../test/support/limit-gateway.ts';
import { offer } from '../../../test/support/limit-load.ts';
import { type RedisCluster, startRedisCluster } from '../../../test/support/redis-cluster.ts';
import { storeSpec } from '../../../test/support/store-spec.ts';
import { answersIn } from '../answers/answers-in.ts';
import { recordsIn } from '../records/records-in.ts';
import type { StoreSpec } from '../store-spec.ts';
import { keySlot } from './key-slot.ts';
import { RedisStore } from './redis-store.ts';
import { partOf } from './shared/use-table.ts';
import { serverOf } from './slot-servers.ts';

let cluster: RedisCluster;
let spec: StoreSpec;
before(async () => {
  cluster = await startRedisCluster();
  const nodes = cluster.nodes.slice(0, 2).map(({ port }) => ({ host: '127.0.0.1', port }));
  spec = storeSpec({ kind: 'redisCluster', nodes });
});
after(() => cluster.stop());

const patient = { mode: 'exact', answerMsMax: 2_000 } as const;

test('slots are computed as the servers do', async t => {
  const gateway = await openLimitGateway(spec, [limitRule()], patient);
  t.after(() => gateway.close());
  for (const key of ['a', 'cardea:l:xyz.123', 'x{tag}y', 'x{}y', '123456789'])
    assert.equal(await gateway.store.command('CLUSTER', 'KEYSLOT', key), keySlot(key), key);
});

test('exact: a stack over several slots admits its tightest limit, and takes nothing elsewhere', async t => {
  const rules = [
    limitRule({ identity: 'wide', count: 100, perMs: 3_600_000 }),
    limitRule({ identity: 'narrow', count: 10, perMs: 3_600_000 }),
    limitRule({ identity: 'third', count: 50, perMs: 3_600_000, algorithm: 'fixedWindow' }),
  ];
  const one = await openLimitGateway(spec, rules, patient);
  const other = await openLimitGateway(spec, rules, patient);
  t.after(() => Promise.all([one.close(), other.close()]));
  for (let caller = 1; caller <= 5; caller++) {
    const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => (n % 2 ? one : other).ask(caller)));
    assert.equal(answers.filter(Boolean).length, 10);
    // What the other gateway gives back is still under way.
    await new Promise(resolve => setTimeout(resolve, 50));
    const call = one.call(caller, 0);
    await one.limiter.decide(call);
    assert.deepEqual([...call.remaining], [90, 0, 40]);
    const refused = one.call(caller);
    assert.equal(await one.limiter.decide(refused), false);
    assert.deepEqual([...refused.remaining], [90, 0, 40], 'told as it is');
    await new Promise(resolve => setTimeout(resolve, 50));
  }
});

test('exact: where a slot moves to another server, each call is decided there or here, and none without Redis', async t => {
  const own = { ...spec, keyPrefix: 'moved exact:' };
  const open = () =>
    openLimitGateway(own, [limitRule({ count: 60, perMs: 24 * 3_600_000 })], { ...patient, onFailure: 'closed' });
  const [one, other] = await Promise.all([open(), open()]);
  t.after(() => Promise.all([one.close(), other.close()]));
  const callers = [1, 2, 3, 4, 5, 6, 7, 8];
  const admitted = callers.map(() => 0);
  const askAll = async (times: number) => {
    for (let n = 0; n < times; n++) {
      await Promise.all(
        callers.flatMap((caller, at) =>
          [one, other].map(async gateway => {
            const call = gateway.call(caller);
            if (await gateway.limiter.decide(call)) admitted[at]!++;
            else assert.equal(call.refusedBy, 0, 'by the limit');
          }),
        ),
      );
    }
  };
  await askAll(10);
  const [low, high] = one.call(1).keys;
  const key = `${own.keyPrefix}l:${(high! >>> 0).toString(36)}.${(low! >>> 0).toString(36)}`;
  await cluster.moveSlot(keySlot(key), () => askAll(5));
  await askAll(20);
  assert.deepEqual(
    admitted,
    callers.map(() => 60),
  );
});

test('shared: a slot moves to another server while its callers come, and all of them are counted together behind it', async t => {
  const own = { ...spec, keyPrefix: 'moved shared:' };
  const open = () => openLimitGateway(own, [limitRule({ count: 200, perMs: 24 * 3_600_000 })]);
  const [one, other] = await Promise.all([open(), open()]);
  t.after(() => Promise.all([one.close(), other.close()]));
  await eventually(() => [one, other].every(({ news }) => news()?.gateways === 2), 'both know of each other');
  const admitted = Array.from({ length: 64 }, () => 0);
  const askAll = async (times: number) => {
    for (let n = 0; n < times; n++) {
      for (let caller = 0; caller < 64; caller++)
        for (const gateway of [one, other]) if (await gateway.ask(caller)) admitted[caller]!++;
      // Because: gateways tell each other in rounds; for these callers there is one every 0.1 s.
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  };
  await askAll(20);
  // During the move, calls taken at the new server too early would make callers' keys there, which the move then finds in its way.
  await cluster.moveSlot(keySlot(`${own.keyPrefix}s{3}:`), () => askAll(15));
  await askAll(100);
  const [least, most] = [Math.min(...admitted), Math.max(...admitted)];
  assert.ok(least >= 190 && most <= 240, `${least} to ${most} of 200`);
});

test('shared: where one master refuses to count, `onStoreFailure` decides for its callers, and for no others', async t => {
  const own = { ...spec, keyPrefix: 'one refuses:' };
  const rules = [limitRule({ count: 1_000, perMs: 24 * 3_600_000, burst: 3 })];
  const open = (onFailure: 'open' | 'closed' | 'local') => openLimitGateway(own, rules, { onFailure });
  const gateways = await Promise.all([open('open'), open('closed'), open('local')]);
  t.after(() => Promise.all(gateways.map(gateway => gateway.close())));
  const { port } = cluster.nodes[1]!;
  const master = new Redis(port);
  t.after(async () => {
    await master.config('SET', 'maxmemory', '0');
    master.disconnect();
  });
  const callers = Array.from({ length: 64 }, (_, at) => at);
  const isItsOwn = (caller: number) => {
    const slot = keySlot(`${own.keyPrefix}s{${partOf(gateways[0]!.call(caller).keys[1]!)}}:`);
    return serverOf(gateways[0]!.store.driver, slot) === `127.0.0.1:${port}`;
  };
  const admitted = (gateway: LimitGateway) => callers.filter(caller => gateway.ask(caller));
  for (const gateway of gateways) assert.deepEqual(admitted(gateway), callers);
  await master.config('SET', 'maxmemory', '1');
  const told = 'the store "main" does not count all limits: OOM';
  const others = callers.filter(caller => !isItsOwn(caller));
  assert.ok(others.length > 0 && others.length < callers.length);
  for (const [gateway, expected] of [
    [gateways[0]!, callers.filter(isItsOwn)],
    [gateways[1]!, []],
    [gateways[2]!, []],
  ] as const) {
    await eventually(() => {
      // The remaining budget of the other callers is used up meanwhile.
      const passed = admitted(gateway);
      return gateway.trouble() === told && isDeepStrictEqual(passed, expected);
    }, 'those that are not counted are treated as was said');
  }
  await master.config('SET', 'maxmemory', '0');
  for (const gateway of gateways) await eventually(() => gateway.trouble() === null, 'all are counted again');
});

test('a master is lost and its replica takes over: nobody waits, nobody gets much more, and all slots count again', async t => {
  const [count, burst, callers, forMs] = [20, 10, 12, 5_000];
  const sides = await Promise.all(
    (['shared', 'exact'] as const).map(async mode => {
      const own = { ...spec, keyPrefix: `lost ${mode}:` };
      const open = () => openLimitGateway(own, [limitRule({ count, burst })], { mode });
      const gateways = await Promise.all([open(), open()]);
      t.after(() => Promise.all(gateways.map(gateway => gateway.close())));
      await eventually(() => gateways.every(({ news }) => news()?.gateways === 2), 'both know of each other');
      return { mode, gateways, spread: gateways.map(gateway => ({ gateway, weight: 1 })) };
    }),
  );
  const tookOver = new Promise(resolve => setTimeout(resolve, 1_000)).then(() => cluster.failOver(0));
  const load = { perSecond: 2 * count * callers, forMs, callers };
  const outcomes = await Promise.all(sides.map(({ spread }) => offer({ ...load, spread: () => spread })));
  await tookOver;
  for (const [at, { mode }] of sides.entries()) {
    const { admittedBy, longestAddedMs, tookMs, lateMs } = outcomes[at]!;
    const allowed = burst + (count * tookMs) / 1_000;
    // As for a single server; in addition each of the two gateways may give a burst of its own, when the master goes and when it is back.
    // Without limits they would admit twice what is allowed.
    const tooMany = count * (0.2 + 2 * 0.05 + lateMs / 1_000) + 4 * burst;
    const [least, most] = [Math.min(...admittedBy), Math.max(...admittedBy)];
    assert.ok(longestAddedMs <= 5, `${mode}: the cluster added ${longestAddedMs} ms to a call`);
    assert.ok(most <= allowed + tooMany, `${mode}: ${most} of ${allowed}`);
    assert.ok(least >= allowed * 0.7 - (count * lateMs) / 1_000, `${mode}: ${least} of ${allowed}`);
  }
  // New callers, enough for every master to have some: two gateways together give each of them its burst, and what comes back meanwhile.
  const open = () => openLimitGateway(spec, [limitRule({ count, burst })], patient);
  const [one, other] = await Promise.all([open(), open()]);
  t.after(() => Promise.all([one.close(), other.close()]));
  for (let caller = 101; caller <= 112; caller++) {
    const askedAt = performance.now();
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 ? one : other).ask(caller)));
    const most = burst + Math.ceil((count * (performance.now() - askedAt)) / 1_000);
    const admitted = answers.filter(Boolean).length;
    assert.ok(admitted >= burst && admitted <= most, `${admitted} of ${burst} to ${most}`);
  }
});

test('answers that are kept lie in one slot, where a full shelf makes room; records lie anywhere', async t => {
  const store = new RedisStore(spec);
  t.after(() => store.close());
  await store.open();
  const shelf = answersIn(store, { answerBytesMax: 64, memoryBytes: 128 })!;
  const tickets = Array.from({ length: 3 }, () => ({ digest: randomBytes(16), sealKey: randomBytes(32) }));
  for (const [at, ticket] of tickets.entries()) {
    const expected = await shelf.expect(ticket, 60);
    await expected!.renew();
    assert.equal(await expected!.keep(Buffer.from(`answer ${at}`)), true);
  }
  const found = await Promise.all(tickets.map(async ticket => (await shelf.find(ticket, 60)).kind));
  assert.deepEqual(found.toSorted(), ['kept', 'kept', 'unknown']);
  const records = recordsIn(store)!;
  const keys = Array.from({ length: 8 }, (_, at) => `canary:${at}`);
  for (const key of keys) assert.equal(await records.write(key, key, 0), true);
  assert.deepEqual(
    [...(await records.read(keys)).values()].map(({ text }) => text),
    keys,
  );
});
