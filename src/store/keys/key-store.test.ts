// One contract for all key stores, against real servers: added keys are found, revoked keys are not, and every change shows.

import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../../../test/support/eventually.ts';
import { startPostgres } from '../../../test/support/postgres.ts';
import { startRedis } from '../../../test/support/redis.ts';
import { postgresSpec, redisSpec, storeSpec } from '../../../test/support/store-spec.ts';
import { PostgresStore } from '../postgres/postgres-store.ts';
import { ledgerIn } from '../quota/ledger-in.ts';
import { RedisStore } from '../redis/redis-store.ts';
import { SqliteStore } from '../sqlite/sqlite-store.ts';
import type { Store } from '../store.ts';
import { StoreAway } from '../store-away.ts';
import { KeyExists, type KeyRecord, type KeyStore, recordFromDetails } from './key-record.ts';
import { keyStoreIn } from './key-store.ts';

function record(changes: Partial<KeyRecord> = {}): KeyRecord {
  return {
    id: 'k1',
    hash: '1'.repeat(64),
    consumer: 'acme',
    tenant: 't-1',
    plan: 'gold',
    groups: ['partners', 'eu'],
    scopes: ['read', 'write'],
    routes: ['users'],
    expiresAtMs: 1_900_000_000_000,
    disabled: false,
    ...changes,
  };
}

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-keys-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Place {
  readonly name: string;
  /** Two stores over the same keys, as in two processes. */
  open(): Promise<{ readonly stores: readonly [Store, Store]; readonly end: () => Promise<void> }>;
}

const places: readonly Place[] = [
  {
    name: 'SQLite',
    async open() {
      const spec = storeSpec({ kind: 'sqlite', path: path.join(folder, 'keys.db') });
      return { stores: [new SqliteStore(spec), new SqliteStore(spec)], end: async () => {} };
    },
  },
  {
    name: 'Redis',
    async open() {
      const server = await startRedis();
      const spec = redisSpec(server.port);
      return { stores: [new RedisStore(spec), new RedisStore(spec)], end: () => server.stop() };
    },
  },
  {
    name: 'PostgreSQL',
    async open() {
      const server = await startPostgres();
      const spec = postgresSpec(server.port);
      return { stores: [new PostgresStore(spec), new PostgresStore(spec)], end: () => server.stop() };
    },
  },
];

for (const { name, open } of places) {
  describe(`keys in ${name}`, () => {
    let place: Awaited<ReturnType<Place['open']>>;
    let writer: KeyStore;
    let reader: KeyStore;
    // Not in the suite's own body: that runs as well when a name pattern leaves all its tests out, and then nothing ends the server.
    before(async () => {
      place = await open();
      writer = keyStoreIn(place.stores[0]);
      reader = keyStoreIn(place.stores[1]);
    });
    after(async () => {
      for (const store of place.stores) await store.close();
      await place.end();
    });

    test('what is added is found whole by others, under its hash only', async () => {
      await writer.prepare();
      await writer.prepare();
      const plain = record({
        id: 'k2',
        hash: '2'.repeat(64),
        tenant: null,
        plan: null,
        routes: null,
        expiresAtMs: null,
      });
      await writer.add(record());
      await writer.add(plain);
      assert.deepEqual(await reader.find('1'.repeat(64)), record());
      assert.deepEqual(await reader.find('2'.repeat(64)), plain);
      assert.equal(await reader.find('3'.repeat(64)), null);
      assert.deepEqual(await reader.list(), [record(), plain]);
    });

    test('an id or a hash that is there is not added again', async () => {
      await assert.rejects(writer.add(record({ hash: '4'.repeat(64) })), KeyExists);
      await assert.rejects(writer.add(record({ id: 'k9' })), KeyExists);
      assert.equal((await writer.list()).length, 2);
    });

    test('every change shows in the version, nothing else does', async () => {
      const old = await reader.version();
      assert.equal(await reader.version(), old);
      await writer.add(record({ id: 'k3', hash: '5'.repeat(64) }));
      const added = await reader.version();
      assert.notEqual(added, old);
      assert.equal(await writer.revoke('k3'), true);
      assert.notEqual(await reader.version(), added);
      assert.equal(await reader.find('5'.repeat(64)), null);
      assert.equal(await writer.revoke('k3'), false);
    });
  });
}

test('a PostgreSQL keeps no statements for us; one that stops answering is told in time, and found again when it is back', async () => {
  const first = await startPostgres();
  const store = new PostgresStore(postgresSpec(first.port, { commandTimeoutMs: 1_000 }));
  const keys = keyStoreIn(store);
  await keys.prepare();
  await keys.add(record());
  await keys.find('1'.repeat(64));
  const sql = await store.sql();
  // Behind a pooler such as PgBouncer the next transaction may have another connection, which does not know the statement.
  assert.deepEqual([...(await sql`SELECT statement FROM pg_prepared_statements WHERE name <> ''`)], []);
  await first.stop();
  const askedAt = performance.now();
  await assert.rejects(async () => keys.find('1'.repeat(64)));
  assert.ok(performance.now() - askedAt < 3_000);
  const second = await startPostgres({ port: first.port });
  const again = keyStoreIn(store);
  const until = performance.now() + 15_000;
  for (;;) {
    try {
      await again.prepare();
      break;
    } catch (error) {
      if (performance.now() > until) throw error;
    }
  }
  assert.equal(await keys.find('1'.repeat(64)), null);
  await store.close();
  await second.stop();
});

test('in PostgreSQL a user who may only read lists the keys, and is told what he may not do', async t => {
  const server = await startPostgres();
  const storeOf = (username: string) => new PostgresStore(postgresSpec(server.port, { username }));
  const [owner, reader] = [storeOf('cardea'), storeOf('reader')];
  t.after(async () => {
    await Promise.all([owner.close(), reader.close()]);
    await server.stop();
  });
  const sql = await owner.sql();
  await sql`CREATE ROLE reader LOGIN`;
  await assert.rejects(keyStoreIn(reader).prepare(), /permission denied/);
  await keyStoreIn(owner).prepare();
  await keyStoreIn(owner).add(record());
  await sql`GRANT SELECT ON cardea_keys, cardea_keys_state TO reader`;
  const keys = keyStoreIn(reader);
  await keys.prepare();
  assert.equal(await keys.version(), '1');
  assert.equal((await keys.find(record().hash))?.id, record().id);
  assert.deepEqual(
    (await keys.list()).map(({ id }) => id),
    [record().id],
  );
  await assert.rejects(async () => keys.revoke(record().id), /permission denied for table cardea_keys/);
});

test('a change by hand shows in SQLite, too', async () => {
  const spec = storeSpec({ kind: 'sqlite', path: path.join(folder, 'by-hand.db') });
  const store = new SqliteStore(spec);
  const keys = keyStoreIn(store);
  const before = await keys.version();
  store.database.exec(`INSERT INTO cardea_keys (hash, id, consumer) VALUES ('${'a'.repeat(64)}', 'hand', 'acme')`);
  assert.notEqual(await keys.version(), before);
  const found = await keys.find('a'.repeat(64));
  assert.equal(found?.disabled, false);
  assert.equal(found?.routes, null);
  await store.close();
});

test('a SQLite file that is put in the place of another is read, and one that is taken away is away', async t => {
  const file = path.join(folder, 'replaced.db');
  const made = async (name: string, id: string) => {
    const spec = storeSpec({ kind: 'sqlite', path: name });
    const store = new SqliteStore(spec);
    await keyStoreIn(store).add(record({ id }));
    return store;
  };
  const store = await made(file, 'before');
  t.after(() => store.close());
  const keys = keyStoreIn(store);
  const ledger = ledgerIn(store)!;
  const version = await keys.version();
  assert.equal((await keys.find('1'.repeat(64)))?.id, 'before');
  assert.deepEqual(await ledger.add([{ key: 'a', units: 3, turn: 1, expiresAt: Number.MAX_SAFE_INTEGER }]), [3]);
  const next = `${file}.next`;
  await (await made(next, 'behind')).close();
  renameSync(next, file);
  for (const end of ['-wal', '-shm']) rmSync(file + end, { force: true });
  await eventually(async () => (await keys.find('1'.repeat(64)))?.id === 'behind', 'the other file is read');
  assert.notEqual(await keys.version(), version, 'with as many changes');
  await ledger.add([{ key: 'a', units: 1, turn: 2, expiresAt: Number.MAX_SAFE_INTEGER }]);
  const other = new SqliteStore(store.spec);
  assert.deepEqual(await ledgerIn(other)!.add([{ key: 'a', units: 0, turn: 1, expiresAt: 0 }]), [1], 'and written');
  await other.close();
  for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true });
  const isGone = async () => {
    try {
      await keys.version();
      return false;
    } catch (error) {
      return error instanceof StoreAway && error.reason === 'its file is gone';
    }
  };
  await eventually(isGone, 'it is told');
  await (await made(next, 'back')).close();
  renameSync(next, file);
  await eventually(async () => !(await isGone()), 'it is back');
  assert.equal((await keys.find('1'.repeat(64)))?.id, 'back');
});

test('details that nobody can read make a key that is refused', () => {
  for (const details of ['', 'x', '[]', 'null', '5'])
    assert.equal(recordFromDetails('k', 'h', 'c', details).disabled, true, details);
  assert.equal(recordFromDetails('k', 'h', 'c', '{"disabled":"no"}').disabled, true);
  assert.deepEqual(recordFromDetails('k', 'h', 'c', '{"routes":"users"}').routes, []);
  assert.equal(recordFromDetails('k', 'h', 'c', '{"expiresAtMs":"soon"}').expiresAtMs, 0);
});

test('a SQLite file that another process has for itself is waited for, and not in the middle of the loop', async t => {
  const file = path.join(folder, 'locked.db');
  const spec = storeSpec({ kind: 'sqlite', path: file, commandTimeoutMs: 100 });
  const before = new SqliteStore(spec);
  await keyStoreIn(before).add(record());
  await before.close();
  const other = new DatabaseSync(file);
  other.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; BEGIN IMMEDIATE');
  const store = new SqliteStore(spec);
  t.after(() => store.close());
  const keys = keyStoreIn(store);
  const away = keys.version();
  assert.ok(away instanceof Promise);
  await assert.rejects(away, StoreAway);
  const version = keys.version();
  const found = keys.find(record().hash);
  assert.ok(version instanceof Promise && found instanceof Promise);
  other.close();
  assert.match(await version, / 1$/);
  assert.equal((await found)?.id, record().id);
  assert.equal(typeof keys.version(), 'string');
});
