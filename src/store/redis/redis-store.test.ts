// Commands and subscriptions against a real Redis: answered, refused at once when it is away, and restored without help.

import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { settlesAtOnce } from '../../../test/support/at-once.ts';
import { eventually, eventuallySeen } from '../../../test/support/eventually.ts';
import { loadSlowly, loadsSlowly, startRedis } from '../../../test/support/redis.ts';
import { redisSpec } from '../../../test/support/store-spec.ts';
import { reasonOf, StoreAway } from '../store-away.ts';
import { RedisStore } from './redis-store.ts';

function untilAvailable(store: RedisStore, wanted: boolean): Promise<void> {
  return new Promise(resolve => {
    if (store.available === wanted) return resolve();
    const stop = store.onAvailability(available => {
      if (available !== wanted) return;
      stop();
      resolve();
    });
  });
}

test('opens by itself with the first command, in the database and with the password that it was told', async t => {
  const redis = await startRedis({ password: 's3cret' });
  t.after(() => redis.stop());
  const store = new RedisStore(redisSpec(redis.port, { password: 's3cret', database: '3' }));
  t.after(() => store.close());
  assert.equal(await store.command('SET', store.key('a'), 'one'), 'OK');
  assert.equal(await store.command('GET', 'cardea:a'), 'one');
  assert.match(String(await store.command('CLIENT', 'INFO')), / db=3 /);
});

test('what Redis refuses is told, and is no sign that it is away', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const store = new RedisStore(redisSpec(redis.port));
  t.after(() => store.close());
  await assert.rejects(store.command('NOSUCH'), /unknown command/);
  assert.equal(store.available, true);
});

test('a server that is not there: open ends in time, commands are refused at once, and the error names no address', async t => {
  const redis = await startRedis();
  await redis.stop();
  const store = new RedisStore(redisSpec(redis.port, { connectTimeoutMs: 200 }));
  t.after(() => store.close());
  const before = performance.now();
  await store.open();
  assert.ok(performance.now() - before < 1_000);
  const refused = store.command('GET', 'a');
  assert.ok(await settlesAtOnce(refused));
  await assert.rejects(refused, (error: unknown) => {
    assert.ok(error instanceof StoreAway);
    assert.doesNotMatch(error.message, new RegExp(`${redis.port}|127`));
    return true;
  });
  const again = await startRedis({ port: redis.port });
  t.after(() => again.stop());
  await untilAvailable(store, true);
  assert.equal(await store.command('PING'), 'PONG');
});

test('a server that hangs is waited for once, and is back when it answers', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const store = new RedisStore(redisSpec(redis.port, { commandTimeoutMs: 100 }));
  t.after(() => store.close());
  await store.open();
  redis.pause();
  const before = performance.now();
  await assert.rejects(store.command('GET', 'a'), StoreAway);
  assert.ok(performance.now() - before < 400);
  const second = store.command('GET', 'a');
  assert.ok(await settlesAtOnce(second));
  await assert.rejects(second, /is away: it does not answer/);
  redis.resume();
  await untilAvailable(store, true);
  assert.equal(await store.command('GET', 'a'), null);
});

test('subscriptions hear, and hear again after the server was killed', async t => {
  const redis = await startRedis();
  const store = new RedisStore(redisSpec(redis.port));
  t.after(() => store.close());
  const heard: string[] = [];
  let tell: () => void = () => {};
  const nextMessage = () =>
    new Promise<void>(resolve => {
      tell = resolve;
    });
  const stop = store.subscribe('news', message => {
    heard.push(message);
    tell();
  });
  const publish = async (port: number, text: string) => {
    const other = new RedisStore(redisSpec(port));
    const next = nextMessage();
    // Because: a publisher learns that a subscriber is back only from the number of receivers.
    await eventually(async () => (await other.command('PUBLISH', 'news', text)) === 1, 'the subscriber is there');
    await next;
    await other.close();
  };
  await publish(redis.port, 'one');
  await redis.kill();
  const again = await startRedis({ port: redis.port });
  t.after(() => again.stop());
  await publish(redis.port, 'two');
  assert.deepEqual(heard, ['one', 'two']);
  stop();
});

test('a server that reads its file is away, and that is said', async t => {
  const redis = await startRedis({ arguments: loadsSlowly });
  const [admin, own] = [new Redis(redis.port), new Redis(redis.port)];
  t.after(async () => {
    for (const client of [admin, own]) client.disconnect();
    await redis.stop();
  });
  await loadSlowly(admin, own);
  const store = new RedisStore(redisSpec(redis.port, { connectTimeoutMs: 200 }));
  t.after(() => store.close());
  const reason = () => store.command('PING').then(String, reasonOf);
  await eventuallySeen(reason, text => text === 'LOADING', 'it loads');
  await admin.config('SET', 'key-load-delay', '0');
  await eventuallySeen(reason, text => text === 'PONG', 'it is there');
});

test('a store that was closed says so', async () => {
  const redis = await startRedis();
  const store = new RedisStore(redisSpec(redis.port));
  await store.open();
  await store.close();
  await assert.rejects(store.command('PING'), /is away: it was closed/);
  await redis.stop();
});

test('a store that is closed while its subscription is being made closes without complaint', async () => {
  const store = new RedisStore(redisSpec(1));
  store.subscribe('news', () => assert.fail('heard of something'));
  await store.close();
  assert.equal(store.isClosed, true);
});

test('a connection that is accepted and never greeted, as by a proxy without its server, is given up for a new one', async t => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  let silent = true;
  const accepted = new Set<Socket>();
  const proxy = createServer(socket => {
    accepted.add(socket);
    if (!silent) socket.pipe(connect(redis.port, '127.0.0.1')).pipe(socket);
  });
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of accepted) socket.destroy();
    proxy.close();
  });
  const { port } = proxy.address() as AddressInfo; // a TCP server's address is never a string
  const store = new RedisStore(redisSpec(port, { connectTimeoutMs: 100 }));
  t.after(() => store.close());
  const heard = new Promise<void>(resolve =>
    store.subscribe(
      'news',
      () => {},
      () => resolve(),
    ),
  );
  await assert.rejects(store.command('PING'), StoreAway);
  silent = false;
  await eventually(() => store.available, 'it is connected to again');
  await heard;
  assert.equal(store.trouble, '');
  assert.equal(await store.command('PING'), 'PONG');
});

test('a database that the server has not is no reason to work in another one', async t => {
  const redis = await startRedis({ arguments: ['--databases', '4'] });
  t.after(() => redis.stop());
  const store = new RedisStore(redisSpec(redis.port, { database: '4', connectTimeoutMs: 200 }));
  t.after(() => store.close());
  await assert.rejects(store.command('SET', 'a', 'b'), /"main" is away: its database cannot be selected: ERR$/);
  const other = new RedisStore(redisSpec(redis.port));
  t.after(() => other.close());
  assert.equal(await other.command('DBSIZE'), 0);
});

test('why a store is away is told by a code: a password that is wrong, a server that is not there', async t => {
  const redis = await startRedis({ password: 's3cret' });
  const store = new RedisStore(redisSpec(redis.port, { password: 'other', connectTimeoutMs: 200 }));
  t.after(() => store.close());
  await assert.rejects(store.command('PING'), /"main" is away: WRONGPASS$/);
  await redis.stop();
  await eventually(() => store.trouble === 'ECONNREFUSED', 'the other reason');
});
