// Objects that outlive a reload are the same for whoever says the same, and works with the same.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ThreadIo } from '../net/io.ts';
import { WorkerFeeds } from './feeds/worker-feeds.ts';
import { SharedWorkerServices } from './worker-services.ts';

test('one object a key, and another one for whoever works with another store', () => {
  const services = new SharedWorkerServices({
    io: new ThreadIo(),
    cells: new Float64Array(1),
    feeds: new WorkerFeeds(() => {}),
    log: () => {},
  });
  const [store, other] = [{ name: 'sessions' }, { name: 'sessions' }];
  const ask = (key: string, of?: object) => services.lasting(key, () => ({ key }), of);
  const [plain, first, second] = [ask('a'), ask('a', store), ask('a', other)];
  assert.equal(new Set([plain, first, second, ask('b', store)]).size, 4);
  assert.deepEqual([ask('a') === plain, ask('a', store) === first, ask('a', other) === second], [true, true, true]);
});
