// A store stays the same object while its settings do not change; unknown store names are reported to filters.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeSpec } from '../../test/support/store-spec.ts';
import { compileStores, hasAllStores, StoreShelf } from './compile-stores.ts';

const redis = (port: number) => storeSpec({ nodes: [{ host: '127.0.0.1', port }] });
const file = storeSpec({ name: 'file', kind: 'sqlite', path: 'x.db' });

test('an unchanged store is the same object over reloads, a changed one is another', () => {
  const first = compileStores([redis(1), file], new Map());
  const same = compileStores([structuredClone(redis(1)), structuredClone(file)], first);
  assert.equal(same.get('main'), first.get('main'));
  assert.ok(hasAllStores(first, same));
  const moved = compileStores([redis(2), file], first);
  assert.notEqual(moved.get('main'), first.get('main'));
  assert.equal(moved.get('file'), first.get('file'));
  assert.ok(!hasAllStores(first, moved));
  assert.ok(hasAllStores(first, compileStores([redis(1), file, storeSpec({ name: 'more' })], first)));
});

test('the shelf remembers which stores are used, and names the nearest for what is not there', () => {
  const shelf = new StoreShelf(compileStores([redis(1), file], new Map()));
  assert.equal(shelf.use('file').kind, 'sqlite');
  assert.deepEqual(
    [...shelf.used].map(({ spec }) => spec.name),
    ['file'],
  );
  assert.throws(() => shelf.use('man'), /there is no store "man"; did you mean "main"\?/);
});
