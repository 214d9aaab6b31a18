// Objects that outlive a reload are shared by all filters that ask with the same key and the same object to work with.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ThreadIo } from '../net/io.ts';
import { WorkerFeeds } from './feeds/worker-feeds.ts';
import { SharedTables } from './shared-tables.ts';
import { SharedWorkerServices } from './worker-services.ts';

const HOUR_MS = 3_600_000;

function servicesOf(): SharedWorkerServices {
  return new SharedWorkerServices({
    io: new ThreadIo(),
    cells: new Float64Array(1),
    feeds: new WorkerFeeds(() => {}),
    log: () => {},
  });
}

test('one object a key, and another one for whoever works with another store', () => {
  const services = servicesOf();
  const [store, other] = [{ name: 'sessions' }, { name: 'sessions' }];
  const ask = (key: string, of?: object) => services.lasting(key, () => ({ key }), of);
  const [plain, first, second] = [ask('a'), ask('a', store), ask('a', other)];
  assert.equal(new Set([plain, first, second, ask('b', store)]).size, 4);
  assert.deepEqual([ask('a') === plain, ask('a', store) === first, ask('a', other) === second], [true, true, true]);
});

test('a table that is posted again is the same one, and one that was made anew under its name is another', () => {
  const services = servicesOf();
  const tables = new SharedTables();
  const post = () => {
    services.useTables(structuredClone(tables.all));
    return services.sharedTable('a');
  };
  const needs = [{ name: 'a', bytes: 8 }];
  tables.ensure(needs);
  const first = post();
  tables.ensure(needs);
  assert.equal(post(), first);
  tables.keepOnly([], 0);
  tables.keepOnly([], HOUR_MS);
  tables.ensure(needs);
  assert.notEqual(post(), first);
});
