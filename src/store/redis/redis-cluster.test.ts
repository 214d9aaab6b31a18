// A real Redis Cluster: limits spread over its slots, and stacks that lie in several of them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { limitRule, openLimitGateway } from '../../../test/support/limit-gateway.ts';
import { type RedisCluster, startRedisCluster } from '../../../test/support/redis-cluster.ts';
import { storeSpec } from '../../../test/support/store-spec.ts';
import type { StoreSpec } from '../store-spec.ts';
import { keySlot } from './key-slot.ts';

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
    // What the other gateway gives back is under way still.
    await new Promise(resolve => setTimeout(resolve, 50));
    const call = one.call(caller, 0);
    await one.limiter.decide(call);
    assert.deepEqual([...call.remaining], [90, 0, 40]);
  }
});
