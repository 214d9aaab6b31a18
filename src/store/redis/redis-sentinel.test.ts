// A real Redis with a replica behind real Sentinels: the master is found, and found again when another server has become it.

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { eventually, eventuallySeen } from '../../../test/support/eventually.ts';
import { freePort } from '../../../test/support/free-port.ts';
import { limitRule, openLimitGateway } from '../../../test/support/limit-gateway.ts';
import { MASTER_NAME, type RedisSentinels, startRedisSentinels } from '../../../test/support/redis-sentinels.ts';
import { storeSpec } from '../../../test/support/store-spec.ts';
import type { StoreSpec } from '../store-spec.ts';
import { RedisStore } from './redis-store.ts';

const noLogin = { master: MASTER_NAME, username: '', password: '' };

function sentinelSpec({ ports }: Pick<RedisSentinels, 'ports'>, changes: Partial<StoreSpec> = {}): StoreSpec {
  const nodes = ports.map(port => ({ host: '127.0.0.1', port }));
  return storeSpec({ nodes, sentinel: noLogin, commandTimeoutMs: 100, ...changes });
}

function storeOn(t: TestContext, spec: StoreSpec): RedisStore {
  const store = new RedisStore(spec);
  t.after(() => store.close());
  return store;
}

/** Resolves when commands are answered by the server of this port, which takes writes. */
async function untilMasterIs(store: RedisStore, port: number): Promise<void> {
  await eventuallySeen(
    async () => {
      try {
        await store.command('SET', store.key('last'), 'now');
        return /tcp_port:(\d+)/.exec(String(await store.command('INFO', 'server')))?.[1];
      } catch {
        return undefined;
      }
    },
    seen => seen === String(port),
    `the server of port ${port} is written to`,
  );
}

describe('another server becomes the master', { concurrency: true }, () => {
  const cases = {
    'because the first was killed': async ({ master }: RedisSentinels) => await master.kill(),
    'because the first is silent': async (sentinels: RedisSentinels) => sentinels.pauseMaster(),
    'because an operator wants it, with both servers well': async (sentinels: RedisSentinels) => await sentinels.swap(),
  };
  for (const [why, happens] of Object.entries(cases)) {
    test(why, async t => {
      const sentinels = await startRedisSentinels();
      t.after(() => sentinels.stop());
      const store = storeOn(t, sentinelSpec(sentinels, { database: '2' }));
      await untilMasterIs(store, sentinels.master.port);
      assert.match(String(await store.command('CLIENT', 'INFO')), / db=2 /);
      const heard: string[] = [];
      let listens = 0;
      store.subscribe(
        'news',
        message => heard.push(message),
        refusal => {
          if (refusal === null) listens++;
        },
      );
      await eventually(() => listens > 0, 'it listens');
      await happens(sentinels);
      await sentinels.untilPromoted();
      await untilMasterIs(store, sentinels.replica.port);
      await eventually(async () => {
        await store.command('PUBLISH', 'news', 'again');
        return heard.includes('again');
      }, 'what the new master publishes is heard');
    });
  }
});

describe('Sentinels', { concurrency: true }, () => {
  test('limits are counted by the new master, in both modes', async t => {
    const sentinels = await startRedisSentinels();
    t.after(() => sentinels.stop());
    const spec = sentinelSpec(sentinels);
    const rules = [limitRule({ count: 1_000, burst: 10 })];
    for (const mode of ['shared', 'exact'] as const) {
      const gateway = await openLimitGateway({ ...spec, keyPrefix: `${mode}:` }, rules, { mode });
      t.after(() => gateway.close());
      await eventually(() => gateway.news()?.available === true, `${mode}: the limits are in order`);
    }
    const { master, replica } = sentinels;
    const gateways = await Promise.all(
      (['shared', 'exact'] as const).map(mode =>
        openLimitGateway({ ...spec, keyPrefix: `${mode}:` }, rules, { mode, answerMsMax: 50 }),
      ),
    );
    t.after(() => Promise.all(gateways.map(gateway => gateway.close())));
    await master.kill();
    for (const { ask } of gateways) assert.equal(typeof (await ask(1)), 'boolean');
    await sentinels.untilPromoted();
    const probe = storeOn(t, spec);
    await untilMasterIs(probe, replica.port);
    for (const gateway of gateways) {
      await eventually(
        () => gateway.store.available && gateway.news()?.available === true,
        'the limits are in order again',
      );
    }
    for (const [at, mode] of (['shared', 'exact'] as const).entries()) {
      await eventually(async () => {
        await gateways[at]!.ask(2);
        return Number(await probe.command('EVAL', `return #redis.call('KEYS', '${mode}:*')`, 0)) > 0;
      }, `${mode}: the new master holds what was counted`);
    }
  });

  test('a password of the Sentinels beside that of the servers', async t => {
    const sentinels = await startRedisSentinels({ sentinelPassword: 'watch', password: 'serve' });
    t.after(() => sentinels.stop());
    const sentinel = { ...noLogin, password: 'watch' };
    const store = storeOn(t, sentinelSpec(sentinels, { password: 'serve', sentinel }));
    await untilMasterIs(store, sentinels.master.port);

    const refused = storeOn(
      t,
      sentinelSpec(sentinels, { password: 'serve', sentinel: { ...sentinel, password: 'x' } }),
    );
    await refused.open();
    assert.equal(refused.available, false);
    assert.match(refused.trouble, /^no Sentinel answers: (WRONGPASS|NOAUTH)$/);
  });

  test('what is wrong with Sentinels is told, without an address', async t => {
    const sentinels = await startRedisSentinels();
    t.after(() => sentinels.stop());
    const misnamed = storeOn(t, sentinelSpec(sentinels, { sentinel: { ...noLogin, master: 'others' } }));
    await misnamed.open();
    assert.equal(misnamed.available, false);
    assert.equal(misnamed.trouble, 'the Sentinels know no master of this name');

    const { ports } = sentinels;
    const unused = await freePort();
    const alone = storeOn(t, sentinelSpec({ ports: [unused] }));
    await alone.open();
    assert.equal(alone.available, false);
    assert.equal(alone.trouble, 'no Sentinel answers');

    // One that is gone does not hinder where another answers.
    const some = storeOn(t, sentinelSpec({ ports: [unused, ports[1]!] }));
    await untilMasterIs(some, sentinels.master.port);
  });
});
