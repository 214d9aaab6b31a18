// A lock whose holder dies, and a lock that many threads want at once: no thread waits for ever, and no two hold it together.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { HOLDER_GONE_MS, lock, unlock } from './set-lock.ts';

const holder = new URL('lock-holder.fixture.ts', import.meta.url);
const contender = new URL('lock-contender.fixture.ts', import.meta.url);

test('the lock of a worker that was ended in the middle is taken over', async () => {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(holder, { workerData: words });
  await once(worker, 'message');
  const dead = words[0]!;
  assert.notEqual(dead, 0);
  await worker.terminate();
  assert.equal(words[0], dead, 'a dead holder gives nothing back');
  const before = performance.now();
  const stamp = lock(words, 0);
  const tookMs = performance.now() - before;
  assert.ok(tookMs >= HOLDER_GONE_MS * 0.9, `${tookMs} ms: a holder that was only held up would lose what he did`);
  assert.ok(tookMs < HOLDER_GONE_MS * 10, `${tookMs} ms`);
  // What the dead holder would have done if it were still alive.
  unlock(words, 0, dead);
  assert.equal(words[0], stamp, 'only the holder opens it');
  unlock(words, 0, stamp);
  assert.equal(words[0], 0);
});

test('threads that all want one lock all get it, and one at a time', { timeout: 60_000 }, async () => {
  // The lock, a count that only the holder changes, the number of threads inside, how often two were inside, and the gate.
  const words = new Int32Array(new SharedArrayBuffer(5 * 4));
  const threads = 4;
  const times = 5_000;
  const workers = Array.from(
    { length: threads },
    () => new Worker(contender, { workerData: { words, threads, times } }),
  );
  const longest = await Promise.all(
    workers.map(async worker => {
      const [ms] = (await once(worker, 'message')) as [number]; // Because: the fixture sends a number
      return ms;
    }),
  );
  assert.equal(words[1], threads * times, 'each got in as often as it wanted');
  assert.equal(words[3], 0, 'nobody was in beside another');
  assert.ok(Math.max(...longest) < 2_000, `one waited ${Math.max(...longest)} ms`);
});
