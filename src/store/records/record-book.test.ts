// The contract of records, for a real Redis and a SQLite file: a writer that saw the newest version succeeds, any other fails.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { startRedis } from '../../../test/support/redis.ts';
import { redisSpec, storeSpec } from '../../../test/support/store-spec.ts';
import { makeStore } from '../store.ts';
import { StoreAway } from '../store-away.ts';
import type { StoreSpec } from '../store-spec.ts';
import { recordsIn } from './records-in.ts';

const kinds: Readonly<Record<string, (t: TestContext) => Promise<StoreSpec>>> = {
  redis: async t => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    return redisSpec(redis.port);
  },
  sqlite: async t => {
    const folder = mkdtempSync(path.join(tmpdir(), 'cardea-records-'));
    t.after(() => rmSync(folder, { recursive: true }));
    return storeSpec({ kind: 'sqlite', path: path.join(folder, 'state.db') });
  },
};

for (const [kind, specOf] of Object.entries(kinds)) {
  test(`${kind}: one of several writers wins each version, and all of them read the same`, async t => {
    const spec = await specOf(t);
    const open = () => {
      const store = makeStore(spec);
      t.after(() => store.close());
      return { store, book: recordsIn(store)! };
    };
    const [one, other] = [open(), open()];
    assert.deepEqual(await one.book.read(['a', 'b']), new Map());
    const first = await Promise.all([one.book.write('a', 'mine', 0), other.book.write('a', 'other', 0)]);
    assert.deepEqual(first.toSorted(), [false, true]);
    const text = first[0] ? 'mine' : 'other';
    for (const { book } of [one, other]) {
      assert.deepEqual(await book.read(['a', 'b']), new Map([['a', { version: 1, text }]]));
    }
    assert.equal(await other.book.write('a', 'second', 1), true);
    assert.equal(await one.book.write('a', 'late', 1), false);
    assert.equal(await one.book.write('b', 'never there', 4), false);
    assert.deepEqual(await one.book.read(['b', 'a']), new Map([['a', { version: 2, text: 'second' }]]));
    await one.store.close();
    await assert.rejects(one.book.read(['a']), StoreAway);
    assert.equal((await other.book.read(['a'])).size, 1);
  });
}
