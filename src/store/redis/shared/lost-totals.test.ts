// What the others used in a window is learned from a sum of all time, which Redis may lose.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../../../test/support/eventually.ts';
import { limitRule, openLimitGateway } from '../../../../test/support/limit-gateway.ts';
import { startRedis } from '../../../../test/support/redis.ts';
import { redisSpec } from '../../../../test/support/store-spec.ts';

for (const algorithm of ['fixedWindow', 'slidingWindow'] as const) {
  test(`${algorithm}: a total that Redis lost is not taken for use by other gateways`, async t => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    const rules = [limitRule({ algorithm, count: 1_000_000, perMs: 24 * 3_600_000 })];
    const gateway = await openLimitGateway(redisSpec(redis.port), rules);
    t.after(() => gateway.close());
    await eventually(() => gateway.news()?.available === true, 'Redis counts');
    const { store } = gateway;
    const totals = async () => {
      const names = (await store.command('KEYS', store.key('s{0}:*'))) as string[];
      return names.length;
    };
    assert.equal(gateway.ask(1, 600_000), true);
    await eventually(async () => (await totals()) === 1, 'it is reported');
    // The second exchange begins after the answer of the first.
    for (let lost = 0; lost < 2; lost++) {
      await store.command('FLUSHDB');
      assert.equal(gateway.ask(1), true);
      await eventually(async () => (await totals()) === 1, 'it is reported again');
    }
    const call = gateway.call(1);
    assert.equal(gateway.limiter.decide(call), true);
    assert.equal(call.remaining[0], 399_997);
  });
}
