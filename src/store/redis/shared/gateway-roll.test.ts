// Gateways that have something to tell report in the same message that they are alive, and so learn of each other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../../../test/support/eventually.ts';
import { limitRule, openLimitGateway } from '../../../../test/support/limit-gateway.ts';
import { startRedis } from '../../../../test/support/redis.ts';
import { redisSpec } from '../../../../test/support/store-spec.ts';

test('the roll is called along with rounds, not by messages of its own', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const spec = redisSpec(redis.port);
  const open = () => openLimitGateway(spec, [limitRule({ count: 100_000, perMs: 1_000 })]);
  const gateways = await Promise.all([open(), open()]);
  t.after(() => Promise.all(gateways.map(gateway => gateway.close())));
  const [{ store }] = gateways;
  const ask = async () => {
    for (const gateway of gateways) void gateway.ask(1);
    await new Promise(resolve => setTimeout(resolve, 5));
  };
  while (gateways.some(({ news }) => news()?.gateways !== 2)) await ask();
  const scores = () => store.command('ZRANGE', store.key('gateways'), 0, -1, 'WITHSCORES');
  const rollsAlone = async () =>
    /cmdstat_eval:calls=(\d+)/.exec(String(await store.command('INFO', 'commandstats')))?.[1];
  const alone = await rollsAlone();
  let calls = 0;
  for (let before = await scores(); calls < 3; ) {
    await ask();
    const now = await scores();
    if (String(now) !== String(before)) calls++;
    before = now;
  }
  const aloneSince = Number(await rollsAlone()) - Number(alone);
  // Some calls may be alone: when the machine stood still, no round came in time.
  assert.ok(aloneSince < calls, `${aloneSince} of ${calls} alone`);
});

test('a roll that Redis lost does not make the first one back believe that it is alone', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const open = () => openLimitGateway(redisSpec(redis.port), [limitRule()]);
  const gateways = await Promise.all([open(), open()]);
  t.after(() => Promise.all(gateways.map(gateway => gateway.close())));
  const known = () => gateways.map(({ news }) => news()?.gateways);
  await eventually(() => known().every(count => count === 2), 'both know of each other');
  const [{ store }] = gateways;
  const onRoll = () => store.command('ZCARD', store.key('gateways'));
  for (let times = 0; times < 2; times++) {
    await store.command('DEL', store.key('gateways'));
    await eventually(async () => {
      assert.deepEqual(known(), [2, 2]);
      return (await onRoll()) === 2;
    }, 'both are on the roll again');
  }
  await gateways[1]!.close();
  await eventually(() => known()[0] === 1, 'the other one has left');
});
