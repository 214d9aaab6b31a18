// A digest that was added counts as seen, on every thread, until it expires; a full table says so instead of forgetting.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ReplayTable, replayTableBytes } from './replay-table.ts';

const now = 1_800_000_000;
const digestOf = (text: string) => createHash('sha256').update(text).digest();

test('the same is seen until it expires', () => {
  const table = new ReplayTable(new SharedArrayBuffer(replayTableBytes(1_024)));
  assert.equal(table.add(digestOf('a'), now, now + 10), 'new');
  assert.equal(table.add(digestOf('a'), now, now + 10), 'seen');
  assert.equal(table.add(digestOf('b'), now, now + 10), 'new');
  assert.equal(table.add(digestOf('a'), now + 10, now + 20), 'seen', 'the last second counts');
  assert.equal(table.add(digestOf('a'), now + 11, now + 20), 'new');
});

test('a full bucket says so and forgets nothing that is live', () => {
  const table = new ReplayTable(new SharedArrayBuffer(replayTableBytes(8)));
  for (let n = 0; n < 8; n++) assert.equal(table.add(digestOf(`x${n}`), now, now + 10), 'new');
  assert.equal(table.add(digestOf('one more'), now, now + 10), 'full');
  for (let n = 0; n < 8; n++) assert.equal(table.add(digestOf(`x${n}`), now, now + 10), 'seen');
  assert.equal(table.add(digestOf('one more'), now + 11, now + 20), 'new');
});

test('a lock whose holder died is taken over', () => {
  const memory = new SharedArrayBuffer(replayTableBytes(8));
  new Int32Array(memory)[0] = now - 60;
  assert.equal(new ReplayTable(memory).add(digestOf('a'), now, now + 1), 'new');
});

test('of several threads that bring the same, exactly one is the first', async () => {
  const memory = new SharedArrayBuffer(replayTableBytes(16_384));
  const file = new URL('./replay-table.ts', import.meta.url).href;
  const code = `
    import { parentPort, workerData } from 'node:worker_threads';
    import { createHash } from 'node:crypto';
    const { ReplayTable } = await import(${JSON.stringify(file)});
    const table = new ReplayTable(workerData);
    let first = 0;
    for (let n = 0; n < 4000; n++)
      if (table.add(createHash('sha256').update(String(n)).digest(), ${now}, ${now} + 10) === 'new') first++;
    parentPort.postMessage(first);`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  const counts = await Promise.all(
    [0, 1, 2].map(
      () =>
        new Promise<number>((resolve, reject) => {
          const worker = new Worker(url, { workerData: memory });
          worker.once('message', resolve).once('error', reject);
        }),
    ),
  );
  assert.equal(
    counts.reduce((sum, each) => sum + each, 0),
    4_000,
  );
});
