// Files that another version made, commits that fail, and clocks that are changed.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { storeSpec } from '../../../test/support/store-spec.ts';
import { SqliteStore } from '../sqlite/sqlite-store.ts';
import { StoreAway } from '../store-away.ts';
import { SqliteLedger } from './sqlite-ledger.ts';

test('a file in which a later version keeps more goes on', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-quota-'));
  const file = path.join(folder, 'quota.db');
  const later = new DatabaseSync(file);
  later.exec('CREATE TABLE quota (key TEXT PRIMARY KEY, used INTEGER NOT NULL, expires INTEGER NOT NULL, more TEXT)');
  later.exec("INSERT INTO quota VALUES ('a', 41, 9e15, 'x')");
  later.close();
  const store = new SqliteStore(storeSpec({ kind: 'sqlite', path: file }));
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const entry = (key: string) => ({ key, units: 1, turn: 1, expiresAt: Number.MAX_SAFE_INTEGER });
  assert.deepEqual(await new SqliteLedger(store).add([entry('a'), entry('b')]), [42, 1]);
});

test('use whose commit fails is not added, so that it counts once when it is sent again', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-quota-'));
  const file = path.join(folder, 'quota.db');
  const admin = new DatabaseSync(file);
  // A deferred constraint fails nothing but COMMIT.
  admin.exec('CREATE TABLE known (key TEXT PRIMARY KEY)');
  admin.exec(`CREATE TABLE quota (key TEXT PRIMARY KEY REFERENCES known DEFERRABLE INITIALLY DEFERRED,
    used INTEGER NOT NULL, expires INTEGER NOT NULL)`);
  const store = new SqliteStore(storeSpec({ kind: 'sqlite', path: file }));
  t.after(async () => {
    admin.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const ledger = new SqliteLedger(store);
  const entry = { key: 'a', units: 5, turn: 1, expiresAt: Number.MAX_SAFE_INTEGER };
  await assert.rejects(ledger.add([entry]), StoreAway);
  admin.exec("INSERT INTO known VALUES ('a')");
  assert.deepEqual(await ledger.add([entry]), [5]);
});

test('budgets outlive a clock that is set far ahead and back, and what is over goes once the clock has gone evenly', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-quota-'));
  const store = new SqliteStore(storeSpec({ kind: 'sqlite', path: path.join(folder, 'quota.db') }));
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const minuteMs = 60_000;
  const dayMs = 1_440 * minuteMs;
  let steady = 0;
  t.mock.method(performance, 'now', () => steady);
  t.mock.timers.enable({ apis: ['Date'], now: 0 });
  const pass = (ms: number) => {
    steady += ms;
    t.mock.timers.setTime(Date.now() + ms);
  };
  const ledger = new SqliteLedger(store);
  const use = (key: string, expiresAt: number) => ledger.add([{ key, units: 1, turn: 1, expiresAt }]);
  await use('now', dayMs);
  pass(60 * minuteMs);
  assert.deepEqual(await use('now', dayMs), [2]);
  t.mock.timers.setTime(30 * dayMs);
  await use('then', 31 * dayMs);
  pass(5 * minuteMs);
  await use('then', 31 * dayMs);
  t.mock.timers.setTime(60 * minuteMs);
  assert.deepEqual(await use('now', dayMs), [3]);
  pass(dayMs);
  await use('next', 2 * dayMs);
  assert.deepEqual(await use('now', dayMs), [1]);
});
