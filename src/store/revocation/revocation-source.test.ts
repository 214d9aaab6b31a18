// The list in a real Redis: read whole, changed by messages, kept while Redis is away, read again when Redis is back.

import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { eventually } from '../../../test/support/eventually.ts';
import { listeningPort } from '../../../test/support/listening-port.ts';
import { startRedis } from '../../../test/support/redis.ts';
import { redisSpec } from '../../../test/support/store-spec.ts';
import { RedisStore } from '../redis/redis-store.ts';
import type { RevocationValue } from './revocation-feed.ts';
import { revocationSource } from './revocation-source.ts';
import { idFingerprint, RevocationTable, subjectFingerprint } from './revocation-table.ts';

/** Collects what workers would see, and lets a test wait for it. */
function outlet() {
  const seen: { value: RevocationValue | null; trouble: string | null; log: string[] } = {
    value: null,
    trouble: null,
    log: [],
  };
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of listeners) listener();
  };
  return {
    seen,
    until: (holds: () => boolean) =>
      new Promise<void>(resolve => {
        const check = () => {
          if (!holds()) return;
          listeners.delete(check);
          resolve();
        };
        listeners.add(check);
        check();
      }),
    outlet: {
      publish(value: RevocationValue) {
        seen.value = value;
        tell();
      },
      report(trouble: string | null) {
        seen.trouble = trouble;
        tell();
      },
      log: (_level: string, message: string) => void seen.log.push(message),
      sharedTable: () => assert.fail('it has a table of its own'),
    },
  };
}

/** A Redis, and a store by which the test writes into it. */
async function startStore(t: TestContext) {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const store = new RedisStore(redisSpec(redis.port));
  t.after(() => store.close());
  return { redis, store };
}

/** A feed from this Redis that has tried to read the whole list, and what workers see of it. */
async function startFeed(t: TestContext, port: number, syncMs: number) {
  const { seen, until, outlet: out } = outlet();
  const feed = revocationSource.start({ store: redisSpec(port), syncMs }, out);
  t.after(() => feed.stop());
  await feed.ready;
  return { seen, until };
}

const tableOf = ({ value }: { value: RevocationValue | null }) => new RevocationTable(value!.memory);
const later = Math.floor(Date.now() / 1000) + 3600;

test('the whole list at the start, messages at once, what was taken back is gone after a sync', {
  timeout: 20_000,
}, async t => {
  const { redis, store } = await startStore(t);
  await store.command('ZADD', 'cardea:revoked:jti', later, 'one', 5, 'long expired');
  await store.command('ZADD', 'cardea:revoked:sub', 1_000, 'ann');
  const { seen, until } = await startFeed(t, redis.port, 150);
  const { key } = seen.value!;
  const has = (id: string) => tableOf(seen).find(idFingerprint(key, id)) !== -1;
  assert.ok(has('one') && !has('two') && !has('long expired'));
  assert.equal(tableOf(seen).find(subjectFingerprint(key, 'ann')), 1_000);
  assert.equal(tableOf(seen).beforeS, 0);

  const publish = (message: unknown) =>
    store.command('PUBLISH', 'cardea:revocations', typeof message === 'string' ? message : JSON.stringify(message));
  while (Number(await publish('{')) === 0) await new Promise(resolve => setImmediate(resolve));
  await publish({ jti: 'two', exp: later });
  await publish({ sub: 'bob', before: 2_000 });
  await publish({ before: 3_000 });
  while (tableOf(seen).beforeS !== 3_000) await new Promise(resolve => setImmediate(resolve));
  assert.ok(has('two'));
  assert.equal(tableOf(seen).find(subjectFingerprint(key, 'bob')), 2_000);
  assert.deepEqual([...new Set(seen.log)], ['a message about revoked tokens cannot be understood']);

  await store.command('ZREM', 'cardea:revoked:jti', 'one');
  await until(() => !has('one'));
  assert.ok(!has('two'), 'what was only published goes with the next sync');
});

test('a token that has expired stays revoked as long as a clock skew lets it pass', { timeout: 20_000 }, async t => {
  const { redis, store } = await startStore(t);
  const nowS = Math.floor(Date.now() / 1000);
  await store.command('ZADD', 'cardea:revoked:jti', nowS - 270, 'just expired', nowS - 301, 'expired for good');
  const { seen } = await startFeed(t, redis.port, 60_000);
  const has = (id: string) => tableOf(seen).find(idFingerprint(seen.value!.key, id)) !== -1;
  assert.ok(has('just expired'));
  assert.ok(!has('expired for good'));
});

test('what is revoked for ever is an infinite time in Redis', { timeout: 20_000 }, async t => {
  const { redis, store } = await startStore(t);
  await store.command('ZADD', 'cardea:revoked:jti', '+inf', 'never expires');
  await store.command('ZADD', 'cardea:revoked:sub', '+inf', 'ann', '-inf', 'bob');
  const { seen, until } = await startFeed(t, redis.port, 100);
  const { key } = seen.value!;
  const always = 0xffffffff;
  assert.equal(tableOf(seen).find(idFingerprint(key, 'never expires')), always);
  assert.equal(tableOf(seen).find(subjectFingerprint(key, 'ann')), always);
  assert.equal(tableOf(seen).find(subjectFingerprint(key, 'bob')), 0);
  assert.equal(tableOf(seen).beforeS, 0);
  await store.command('SET', 'cardea:revoked:before', '+inf');
  await until(() => tableOf(seen).beforeS === always);
});

test('a time for all tokens that is no number is told, and nothing else suffers', { timeout: 20_000 }, async t => {
  const { redis, store } = await startStore(t);
  await store.command('SET', 'cardea:revoked:before', '2026-11-22T00:00:00Z');
  await store.command('ZADD', 'cardea:revoked:jti', later, 'one');
  const { seen, until } = await startFeed(t, redis.port, 100);
  assert.equal(seen.trouble, 'revoked:before revokes nothing: expected a time in seconds since 1970');
  assert.notEqual(tableOf(seen).find(idFingerprint(seen.value!.key, 'one')), -1);
  await store.command('SET', 'cardea:revoked:before', '2000');
  await until(() => seen.trouble === null);
  assert.equal(tableOf(seen).beforeS, 2_000);
});

test('away at the start: told, nothing published; then there; away again: the list stays', {
  timeout: 20_000,
}, async t => {
  let redis = await startRedis();
  const { port } = redis;
  await redis.stop();
  const { seen, until } = await startFeed(t, port, 100);
  assert.match(String(seen.trouble), /cannot be read: the store "main" is away/);
  assert.equal(seen.value, null);
  redis = await startRedis({ port });
  await until(() => seen.value !== null && seen.trouble === null);
  const { value } = seen;
  await redis.kill();
  await until(() => seen.trouble !== null);
  assert.ok(seen.value !== null && value !== null);
});

/** Publishes `count` revoked ids in one step, so that all of them leave Redis before it serves anybody else. */
const publishMany = (store: RedisStore, count: number) =>
  store.command(
    'EVAL',
    `for n = 1, ARGV[2] do redis.call('PUBLISH', ARGV[1], '{"jti":"' .. n .. '","exp":' .. ARGV[3] .. '}') end`,
    ...[0, 'cardea:revocations', count, later],
  );

const countOf = ({ key, memory }: RevocationValue, count: number) => {
  const table = new RevocationTable(memory);
  return Array.from({ length: count }, (_, n) => idFingerprint(key, String(n + 1))).filter(
    print => table.find(print) === later,
  ).length;
};

test('more messages than the table has room for all count at once', { timeout: 20_000 }, async t => {
  const { redis, store } = await startStore(t);
  const { seen } = await startFeed(t, redis.port, 3_600_000);
  const publish = (message: string) => store.command('PUBLISH', 'cardea:revocations', message);
  const isHeard = async () => {
    await publish('{"before":5}');
    return tableOf(seen).beforeS === 5;
  };
  await eventually(isHeard, 'a message is heard');
  await publishMany(store, 3_000);
  await publish('{"before":6}');
  await eventually(() => tableOf(seen).beforeS === 6, 'all messages are received');
  assert.equal(countOf(seen.value!, 3_000), 3_000);
});

test('more messages than the new table would have room for, received while the list is read, all count', {
  timeout: 20_000,
}, async t => {
  const { redis, store } = await startStore(t);
  const link = await linkHoldingScans(redis.port);
  t.after(() => link.close());
  const { seen, until, outlet: out } = outlet();
  const feed = revocationSource.start({ store: redisSpec(link.port), syncMs: 3_600_000 }, out);
  t.after(() => feed.stop());
  await link.scanIsHeld;
  const publish = (message: string) => store.command('PUBLISH', 'cardea:revocations', message);
  await eventually(async () => Number(await publish('not JSON')) > 0, 'it listens');
  await publishMany(store, 3_000);
  const heard = seen.log.length;
  await publish('not JSON either');
  await eventually(() => seen.log.length > heard, 'all messages are received');
  assert.equal(seen.value, null);
  link.release();
  await until(() => seen.value !== null);
  assert.equal(countOf(seen.value!, 3_000), 3_000);
});

/** A way to Redis that lets no ZSCAN pass until `release`. */
async function linkHoldingScans(redisPort: number) {
  const scanIsHeld = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    const onward = connect(redisPort, '127.0.0.1');
    for (const each of [socket, onward]) sockets.add(each.on('error', () => {}));
    socket.on('data', async bytes => {
      if (bytes.includes('ZSCAN')) {
        scanIsHeld.resolve();
        await released.promise;
      }
      onward.write(bytes);
    });
    onward.pipe(socket);
  });
  const port = await listeningPort(server);
  const close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port, scanIsHeld: scanIsHeld.promise, release: released.resolve, close };
}

/** A feed whose Redis user may do what `rules` say; `allow` adds a rule. The list contains `one`. */
async function feedOfUser(t: TestContext, ...rules: readonly string[]) {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const admin = new Redis(redis.port);
  t.after(() => admin.disconnect());
  await admin.acl('SETUSER', 'gateway', 'on', '>pw', '~*', ...rules);
  await admin.zadd('cardea:revoked:jti', later, 'one');
  const { seen, until, outlet: out } = outlet();
  const store = redisSpec(redis.port, { username: 'gateway', password: 'pw' });
  const feed = revocationSource.start({ store, syncMs: 3_600_000 }, out);
  t.after(() => feed.stop());
  return { admin, seen, until, allow: (rule: string) => admin.acl('SETUSER', 'gateway', rule) };
}

test('a user who may hear no channel is told of, the list counts meanwhile, and messages do once he may', {
  timeout: 20_000,
}, async t => {
  const { admin, seen, until, allow } = await feedOfUser(t, 'resetchannels', '+@all');
  await until(() => seen.trouble?.includes('NOPERM') === true);
  assert.equal(
    seen.trouble,
    'messages about revoked tokens are not received, only the list is read: Redis says NOPERM',
  );
  const { key } = seen.value!;
  assert.equal(tableOf(seen).find(idFingerprint(key, 'one')), later);
  await allow('&*');
  await until(() => seen.trouble === null);
  // The list does not contain `two`, so that it is known only by the message; a later reading of the list takes it out again.
  const isHeard = async () => {
    await admin.publish('cardea:revocations', JSON.stringify({ jti: 'two', exp: later }));
    return tableOf(seen).find(idFingerprint(seen.value!.key, 'two')) === later;
  };
  await eventually(isHeard, 'the message is heard');
});

test('a list that Redis refuses for a while is read again soon, whatever `sync` says', { timeout: 20_000 }, async t => {
  const { seen, until, allow } = await feedOfUser(t, '&*', '+@all', '-zscan');
  await until(() => seen.trouble?.includes('NOPERM') === true);
  await allow('+zscan');
  await until(() => seen.trouble === null);
  assert.equal(tableOf(seen).find(idFingerprint(seen.value!.key, 'one')), later);
});

test('a feed of another pace begins with the list of the one before: what it revokes stays revoked while Redis is away', {
  timeout: 20_000,
}, async t => {
  const { redis, store } = await startStore(t);
  await store.command('ZADD', 'cardea:revoked:jti', later, 'one');
  await store.command('SET', 'cardea:revoked:before', 1_000);
  const before = outlet();
  const spec = { store: redisSpec(redis.port), syncMs: 3_600_000 };
  const first = revocationSource.start(spec, before.outlet);
  t.after(() => first.stop());
  await first.ready;
  await redis.stop();
  const { seen, until, outlet: out } = outlet();
  const slower = { store: redisSpec(redis.port, { commandTimeoutMs: 700 }), syncMs: 7_200_000 };
  assert.equal(revocationSource.originOf!(slower), revocationSource.originOf!(spec));
  const second = revocationSource.start(slower, out, first);
  t.after(() => second.stop());
  first.stop();
  assert.equal(tableOf(seen).find(idFingerprint(seen.value!.key, 'one')), later);
  assert.equal(tableOf(seen).beforeS, 1_000);
  assert.notEqual(seen.value!.memory, before.seen.value!.memory, 'two feeds do not write into one table');
  await until(() => seen.trouble !== null);
  assert.equal(tableOf(seen).find(idFingerprint(seen.value!.key, 'one')), later);
  assert.notEqual(
    revocationSource.originOf!({ ...spec, store: redisSpec(redis.port + 1) }),
    revocationSource.originOf!(spec),
  );
});
