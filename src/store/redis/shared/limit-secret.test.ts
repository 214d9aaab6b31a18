// The secret of shared limits lies in Redis, so that budgets outlast the password.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { limitRule, openLimitGateway } from '../../../../test/support/limit-gateway.ts';
import { startRedis } from '../../../../test/support/redis.ts';
import { redisSpec } from '../../../../test/support/store-spec.ts';
import type { RedisStore } from '../redis-store.ts';
import { LimitSecret } from './limit-secret.ts';

for (const mode of ['shared', 'exact'] as const) {
  test(`${mode}: with a new password budgets go on`, async t => {
    const redis = await startRedis({ password: 'one' });
    t.after(() => redis.stop());
    const admin = new Redis(redis.url);
    t.after(() => admin.disconnect());
    const rules = [limitRule({ count: 60, perMs: 24 * 3_600_000 })];
    const open = (password: string) =>
      openLimitGateway(redisSpec(redis.port, { password }), rules, { mode, answerMsMax: 2_000 });
    const before = await open('one');
    t.after(() => before.close());
    assert.equal(await before.ask(1, 50), true);
    await admin.config('SET', 'requirepass', 'two');
    const after = await open('two');
    t.after(() => after.close());
    assert.deepEqual(after.limiter.hashKeys, before.limiter.hashKeys);
    if (mode === 'exact') assert.deepEqual([await after.ask(1, 11), await after.ask(1, 10)], [false, true]);
  });
}

test('the first gateway leaves its secret, the others take it, and a Redis that lost it gets it back', async () => {
  const kept = new Map<string, string>();
  let isThere = true;
  const changes: string[] = [];
  const secretOf = (name: string, keyPrefix: string) => {
    // Because: these are the only parts of a store that a secret uses.
    const store = {
      spec: redisSpec(1, { keyPrefix }),
      get available() {
        return isThere;
      },
      key: (key: string) => key,
      async command(command: string, key: string, value?: string) {
        if (!isThere) throw new Error('away');
        if (command === 'SET' && !kept.has(key)) kept.set(key, value!);
        return command === 'GET' ? (kept.get(key) ?? null) : null;
      },
    } as unknown as RedisStore;
    return new LimitSecret(store, () => changes.push(name));
  };
  // Gateways of different prefixes stand for those of different processes.
  const [one, other] = [secretOf('one', 'a:'), secretOf('other', 'b:')];
  assert.notEqual(one.value, other.value);
  const first = one.value;
  await one.look();
  await other.look();
  assert.deepEqual([one.value, other.value, changes], [first, first, ['other']]);
  isThere = false;
  await other.look();
  assert.equal(secretOf('other after a reload', 'b:').value, first);
  isThere = true;
  kept.clear();
  await other.look();
  assert.deepEqual([...kept.values()], [first]);
});
