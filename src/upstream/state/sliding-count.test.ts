// A sliding count against a list of what was added, and with threads that add concurrently.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { SlidingCount } from './sliding-count.ts';
import { WINDOW_BUCKETS } from './state-cells.ts';

const WINDOW_MS = 1_000;
const BUCKET_MS = WINDOW_MS / WINDOW_BUCKETS;

test('it is the sum of what came in the last ten buckets, whatever the gaps', () => {
  const steps = fc.array(
    fc.record({ waitMs: fc.oneof(fc.nat(50), fc.nat(3_000), fc.constant(40_000_000)), amount: fc.nat(20) }),
    { maxLength: 60, size: 'max' },
  );
  fc.assert(
    fc.property(steps, fc.nat(10 ** 12), (taken, start) => {
      const count = new SlidingCount(new Int32Array(new SharedArrayBuffer(64)), 3, WINDOW_MS);
      const added: { bucket: number; amount: number }[] = [];
      let now = start;
      for (const { waitMs, amount } of taken) {
        now += waitMs;
        count.add(amount, now);
        added.push({ bucket: Math.floor(now / BUCKET_MS), amount });
        const oldest = Math.floor(now / BUCKET_MS) - WINDOW_BUCKETS;
        const expected = added.filter(({ bucket }) => bucket > oldest).reduce((sum, each) => sum + each.amount, 0);
        assert.equal(count.total(now), expected);
      }
    }),
  );
});

test('what is taken back never goes below nothing, and a full bucket counts no further', () => {
  const count = new SlidingCount(new Int32Array(new SharedArrayBuffer(64)), 0, WINDOW_MS);
  count.add(-5, 100);
  assert.equal(count.total(100), 0);
  count.add(200_000, 100);
  assert.equal(count.total(100), 131_071);
  count.add(1, 200);
  assert.equal(count.total(200), 131_072);
  count.clear();
  assert.equal(count.total(200), 0);
});

test('threads that add at once lose nothing', async () => {
  const memory = new SharedArrayBuffer(64);
  const file = new URL('./sliding-count.ts', import.meta.url).href;
  const code = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(${JSON.stringify(file)}).then(({ SlidingCount }) => {
      const count = new SlidingCount(new Int32Array(workerData), 0, ${WINDOW_MS});
      for (let n = 0; n < 30000; n++) count.add(1, n < 15000 ? 1000 : 1100);
      parentPort.close();
    });`;
  const threads = [1, 2, 3].map(() => new Worker(code, { eval: true, workerData: memory }));
  await Promise.all(threads.map(thread => new Promise(resolve => thread.once('exit', resolve))));
  const count = new SlidingCount(new Int32Array(memory), 0, WINDOW_MS);
  assert.equal(count.total(1_100), 90_000);
});
