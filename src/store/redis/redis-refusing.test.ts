// A Redis that answers but does not count: full, a replica, held up by a script, or closed to the gateway's user. For limits this is as if
// it were away, and `/health/ready` names the code.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { eventually } from '../../../test/support/eventually.ts';
import { freePort } from '../../../test/support/free-port.ts';
import { limitRule, openLimitGateway } from '../../../test/support/limit-gateway.ts';
import { startRedis } from '../../../test/support/redis.ts';
import { redisSpec } from '../../../test/support/store-spec.ts';
import { reasonOf, StoreAway } from '../store-away.ts';
import { RedisStore } from './redis-store.ts';

const BURST = 50;
/** Gives no unit back while a test runs. */
const rules = [limitRule({ count: 60, perMs: 3_600_000, burst: BURST })];
const TOKEN = 'pw-of-the-gateway';

interface Refusal {
  readonly code: string;
  /** `own` is a connection that only this refusal uses. */
  readonly begin: (admin: Redis, own: Redis) => Promise<unknown>;
  readonly end: (admin: Redis) => Promise<unknown>;
}

const refusals: readonly Refusal[] = [
  {
    code: 'OOM',
    begin: admin => admin.config('SET', 'maxmemory', '1'),
    end: admin => admin.config('SET', 'maxmemory', '0'),
  },
  {
    code: 'READONLY',
    begin: async admin => admin.replicaof('127.0.0.1', await freePort()),
    end: admin => admin.replicaof('NO', 'ONE'),
  },
  {
    code: 'MASTERDOWN',
    begin: async admin => {
      await admin.config('SET', 'replica-serve-stale-data', 'no');
      await admin.replicaof('127.0.0.1', await freePort());
    },
    end: admin => admin.replicaof('NO', 'ONE'),
  },
  {
    code: 'NOPERM',
    begin: admin => admin.acl('SETUSER', 'gateway', '-@scripting'),
    end: admin => admin.acl('SETUSER', 'gateway', '+@scripting'),
  },
  {
    code: 'BUSY',
    begin: async (admin, own) => {
      own.eval('while true do end', 0).catch(() => {});
      const isBusy = () => admin.ping().then(() => false, String);
      await eventually(async () => String(await isBusy()).includes('BUSY'), 'the script holds it up');
    },
    end: admin => admin.script('KILL'),
  },
];

describe('Redis that refuses to count', () => {
  for (const { code, begin, end } of refusals) {
    test(`${code}: limits do as onStoreFailure says, and count in Redis again behind it`, async t => {
      const redis = await startRedis({ arguments: ['--busy-reply-threshold', '50'] });
      const [admin, own] = [new Redis(redis.port), new Redis(redis.port)];
      t.after(async () => {
        for (const client of [admin, own]) client.disconnect();
        await redis.stop();
      });
      await admin.acl('SETUSER', 'gateway', 'on', `>${TOKEN}`, '~*', '&*', '+@all');
      const spec = redisSpec(redis.port, { username: 'gateway', password: TOKEN });
      const open = (mode: 'shared' | 'exact', onFailure: 'open' | 'closed' | 'local') =>
        openLimitGateway({ ...spec, keyPrefix: `${mode} ${onFailure} ` }, rules, {
          mode,
          onFailure,
          answerMsMax: 2_000,
        });
      const gateways = await Promise.all([
        open('shared', 'open'),
        open('shared', 'closed'),
        open('shared', 'local'),
        open('exact', 'open'),
        open('exact', 'closed'),
        open('exact', 'local'),
      ]);
      t.after(() => Promise.all(gateways.map(gateway => gateway.close())));
      for (const gateway of gateways) assert.equal(await gateway.ask(1), true);

      await begin(admin, own);
      const expected = `the store "main" refuses to count limits: ${code}`;
      for (const gateway of gateways) await eventually(() => gateway.trouble() === expected, `it says ${code}`);
      const admitted = gateways.map(() => 0);
      for (let n = 0; n < 2 * BURST; n++)
        for (const [at, gateway] of gateways.entries()) if (await gateway.ask(1)) admitted[at]!++;
      assert.deepEqual(admitted, [2 * BURST, 0, BURST - 1, 2 * BURST, 0, BURST - 1]);

      await end(admin);
      for (const gateway of gateways) await eventually(() => gateway.trouble() === null, 'it counts again');
      for (const { troubles } of gateways)
        assert.deepEqual(troubles.at(-2), expected, 'nothing else was told in between');
      // A caller that was admitted meanwhile has nothing left; a caller that `closed` refused still has its budget.
      const left = await Promise.all(gateways.map(gateway => gateway.ask(1)));
      assert.deepEqual(left, [false, true, false, false, true, false]);
    });
  }
});

test('a read-only replica is left and looked behind now and then, not for each command', async t => {
  const redis = await startRedis();
  const admin = new Redis(redis.port);
  const store = new RedisStore(redisSpec(redis.port));
  t.after(async () => {
    admin.disconnect();
    await store.close();
    await redis.stop();
  });
  await store.open();
  await admin.replicaof('127.0.0.1', await freePort());
  const connections = async () => Number(/total_connections_received:(\d+)/.exec(await admin.info('stats'))?.[1]);
  const before = await connections();
  const beganAt = performance.now();
  const reasons = new Set<string>();
  let refused = 0;
  while (refused < 200) {
    const error: unknown = await store.command('SET', 'a', '1').catch((reason: unknown) => reason);
    reasons.add(reasonOf(error).split(' ', 1)[0]!);
    if (!(error instanceof StoreAway)) refused++;
    await new Promise(resolve => setImmediate(resolve));
  }
  const seconds = Math.ceil((performance.now() - beganAt) / 1_000);
  assert.ok((await connections()) - before <= seconds, `${(await connections()) - before} connections in ${seconds} s`);
  assert.deepEqual([...reasons], ['READONLY']);
});
