// One master of a real Redis Cluster is stopped: it alone is away, and the others are asked as ever.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { settlesAtOnce } from '../../../test/support/at-once.ts';
import { eventually } from '../../../test/support/eventually.ts';
import { type LimitGateway, limitRule, openLimitGateway } from '../../../test/support/limit-gateway.ts';
import { type RedisCluster, startRedisCluster } from '../../../test/support/redis-cluster.ts';
import { storeSpec } from '../../../test/support/store-spec.ts';
import { QuotaBook, type QuotaLine } from '../quota/quota-book.ts';
import { RedisLedger } from '../quota/redis-ledger.ts';
import { StoreAway } from '../store-away.ts';
import type { StoreSpec } from '../store-spec.ts';
import { keySlot } from './key-slot.ts';
import { RedisStore } from './redis-store.ts';
import { partOf } from './shared/use-table.ts';
import { serverOf } from './slot-servers.ts';

let cluster: RedisCluster;
let spec: StoreSpec;
before(async () => {
  cluster = await startRedisCluster();
  // So that the other masters do not notice; nor does the stopped one think, when it goes on, that it was they who were silent.
  for (const { port } of cluster.nodes) {
    const server = new Redis(port);
    await server.config('SET', 'cluster-node-timeout', 60_000);
    server.disconnect();
  }
  const nodes = cluster.nodes.slice(0, 2).map(({ port }) => ({ host: '127.0.0.1', port }));
  spec = storeSpec({ kind: 'redisCluster', nodes });
});
after(() => cluster.stop());

/** Stops a master until `until` is over. */
async function whileSilent(at: number, until: () => Promise<void>): Promise<void> {
  cluster.nodes[at]!.pause();
  try {
    await until();
  } finally {
    cluster.nodes[at]!.resume();
  }
}

test('a master that does not answer is waited for once, and the others are asked as ever', async t => {
  const store = new RedisStore({ ...spec, commandTimeoutMs: 1_000 });
  t.after(() => store.close());
  await store.open();
  const names = Array.from({ length: 64 }, (_, at) => store.key(`n\u00e4me ${at}`));
  const serverAt = async (name: string) => {
    const slot = Number(await store.command('CLUSTER', 'KEYSLOT', name));
    return serverOf(store.driver, slot);
  };
  const servers = await Promise.all(names.map(serverAt));
  const { port } = cluster.nodes[2]!;
  const silent = names.filter((_, at) => servers[at] === `127.0.0.1:${port}`);
  const others = names.filter(name => !silent.includes(name));
  assert.ok(silent.length > 0 && others.length > 0);
  let isWhole = true;
  store.onAvailability(() => {
    isWhole = false;
  });
  const readAll = (keys: readonly string[]) => Promise.all(keys.map(key => store.command('GET', key)));
  await whileSilent(2, async () => {
    await assert.rejects(store.command('GET', silent[0]!), StoreAway);
    // Longer than it takes to make the connection to the silent master anew.
    for (const until = performance.now() + 4_500; performance.now() < until; ) {
      for (const key of silent) {
        const answer = store.command('GET', key);
        assert.ok(await settlesAtOnce(answer));
        await assert.rejects(answer, /is away: it does not answer/);
      }
      assert.deepEqual(new Set(await readAll(others)), new Set([null]));
    }
  });
  assert.ok(isWhole, 'the store as a whole was there');
  await eventually(() => readAll(silent).then(() => true, () => false), 'it is asked again'); // biome-ignore format: one line
});

test('shared: where one master is silent, the callers of the others are kept in step, and nothing comes and goes', async t => {
  const own = { ...spec, keyPrefix: 'one silent:' };
  const open = () => openLimitGateway(own, [limitRule({ count: 60, perMs: 24 * 3_600_000 })]);
  const [one, other] = await Promise.all([open(), open()]);
  const gateways = [one, other];
  t.after(() => Promise.all(gateways.map(gateway => gateway.close())));
  await eventually(() => gateways.every(({ news }) => news()?.gateways === 2), 'both know of each other');
  // The master that has the roll of gateways: it is called each second.
  const rollAt = serverOf(one.store.driver, keySlot(`${own.keyPrefix}gateways`));
  const at = cluster.nodes.findIndex(({ port }) => rollAt === `127.0.0.1:${port}`);
  const callers = Array.from({ length: 64 }, (_, caller) => caller);
  const isItsOwn = (caller: number) => {
    const slot = keySlot(`${own.keyPrefix}s{${partOf(one.call(caller).keys[1]!)}}:`);
    return serverOf(one.store.driver, slot) === rollAt;
  };
  const isAdmitted = (gateway: LimitGateway) => callers.map(caller => gateway.ask(caller) === true);
  for (const gateway of gateways) assert.ok(!isAdmitted(gateway).includes(false));
  await eventually(() => gateways.every(({ trouble }) => trouble() === null), 'all are counted');
  const toldBefore = gateways.map(({ troubles }) => troubles.length);
  const admitted = callers.map(() => 0);
  const turns = 16;
  await whileSilent(at, async () => {
    for (const caller of callers) assert.equal(one.ask(caller, 54), true);
    for (let turn = 0; turn < turns; turn++) {
      // Because: gateways tell each other in rounds; for these callers there is one every 0.1 to 0.2 s.
      await new Promise(resolve => setTimeout(resolve, 200));
      for (const [caller, passed] of isAdmitted(other).entries()) if (passed) admitted[caller]!++;
    }
  });
  const of = (isOwn: boolean) => callers.filter(caller => isItsOwn(caller) === isOwn).map(caller => admitted[caller]!);
  assert.ok(Math.max(...of(false)) < 10, `${of(false)} of 4`);
  assert.ok(Math.min(...of(true)) === turns, `${of(true)} of ${turns}`);
  await eventually(() => gateways.every(({ trouble }) => trouble() === null), 'all are counted again');
  for (const [place, { troubles }] of gateways.entries())
    assert.equal(troubles.indexOf(null, toldBefore[place]), troubles.length - 1, String(troubles));
  await eventually(() => !isAdmitted(other).includes(true), 'its callers are counted together again');
});

test('exact: where one master is silent, no call waits for it again, and the others decide as ever', async t => {
  const own = { ...spec, keyPrefix: 'exact silent:' };
  const rules = [limitRule({ count: 10_000, perMs: 24 * 3_600_000 })];
  const gateway = await openLimitGateway(own, rules, { mode: 'exact', answerMsMax: 300 });
  t.after(() => gateway.close());
  const callers = Array.from({ length: 64 }, (_, caller) => caller);
  const { port } = cluster.nodes[2]!;
  const isItsOwn = (caller: number) => {
    const [low, high] = gateway.call(caller).keys;
    const key = `${own.keyPrefix}l:${(high! >>> 0).toString(36)}.${(low! >>> 0).toString(36)}`;
    return serverOf(gateway.store.driver, keySlot(key)) === `127.0.0.1:${port}`;
  };
  assert.ok(!(await Promise.all(callers.map(caller => gateway.ask(caller)))).includes(false));
  const [its, others] = [callers.filter(isItsOwn), callers.filter(caller => !isItsOwn(caller))];
  assert.ok(its.length > 0 && others.length > 0);
  await whileSilent(2, async () => {
    assert.equal(await gateway.ask(its[0]!), true);
    for (const until = performance.now() + 4_500; performance.now() < until; ) {
      for (const caller of its) assert.equal(gateway.ask(caller), true);
      for (const caller of others) {
        const call = gateway.call(caller);
        const answer = gateway.limiter.decide(call);
        assert.ok(answer instanceof Promise);
        assert.equal(await answer, true);
      }
    }
  });
  await eventually(() => gateway.ask(its[0]!) instanceof Promise, 'it is asked again');
});

test('quotas: where one master is silent, the sums of the others are asked for as ever', async t => {
  const store = new RedisStore({ ...spec, keyPrefix: 'quota silent:', commandTimeoutMs: 300 });
  await store.open();
  const told: (string | null)[] = [];
  const book = new QuotaBook(new RedisLedger(store), { reported: () => {}, away: reason => void told.push(reason) });
  t.after(async () => {
    await book.close();
    await store.close();
  });
  const expiresAt = Date.now() + 3_600_000;
  const lines = Array.from({ length: 64 }, (_, caller) => book.line(`caller ${caller}`, expiresAt));
  const { port } = cluster.nodes[2]!;
  const isItsOwn = ({ key }: QuotaLine) =>
    serverOf(store.driver, keySlot(store.key(`q:${key}`))) === `127.0.0.1:${port}`;
  const [its, others] = [lines.filter(isItsOwn), lines.filter(line => !isItsOwn(line))];
  assert.ok(its.length > 1 && others.length > 0);
  await whileSilent(2, async () => {
    await book.ask(its[0]!);
    assert.deepEqual([its[0]!.isKnown, told.length], [false, 1]);
    for (const line of its) assert.equal(book.isAway(line), true);
    for (const line of others) {
      assert.equal(book.isAway(line), false);
      await book.ask(line);
      assert.equal(line.isKnown, true);
    }
    assert.equal(told.length, 1);
  });
  await eventually(async () => {
    await book.ask(its[0]!);
    return its[0]!.isKnown;
  }, 'its sums are known again');
  assert.equal(book.isAway(its[1]!), false);
  assert.deepEqual(told.slice(1), [null]);
});
