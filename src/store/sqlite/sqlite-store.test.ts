// A file that is replaced while it is open.

import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { storeSpec } from '../../../test/support/store-spec.ts';
import { SqliteLedger } from '../quota/sqlite-ledger.ts';
import { SqliteStore } from './sqlite-store.ts';

test('a connection that is opened to a new file leaves none on the file before', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-sqlite-'));
  const file = path.join(folder, 'state.db');
  const openStore = (name: string) => new SqliteStore(storeSpec({ kind: 'sqlite', path: name }));
  const use = (ledger: SqliteLedger) =>
    ledger.add([{ key: 'a', units: 1, turn: 1, expiresAt: Number.MAX_SAFE_INTEGER }]);
  const store = openStore(file);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const ledger = new SqliteLedger(store);
  // With the second use it is looked whether the file still lies in its place, which is not repeated at once.
  for (const sum of [1, 2]) assert.deepEqual(await use(ledger), [sum]);
  const next = openStore(`${file}.next`);
  for (let n = 0; n < 5; n++) await use(new SqliteLedger(next));
  await next.close();
  renameSync(`${file}.next`, file);
  for (const end of ['-wal', '-shm']) rmSync(file + end, { force: true });
  assert.deepEqual(await use(new SqliteLedger(store)), [6]);
  assert.deepEqual(await use(ledger), [7]);
});
