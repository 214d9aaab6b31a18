// Files that another version made.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { storeSpec } from '../../../test/support/store-spec.ts';
import { SqliteStore } from '../sqlite/sqlite-store.ts';
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
