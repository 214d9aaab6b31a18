// A worker that takes one lock again and again, beside other such workers, and reports its longest wait. For tests.

import { parentPort, workerData } from 'node:worker_threads';
import { lock, unlock } from './set-lock.ts';

// Because: the test that starts this worker passes it this data.
const { words, threads, times } = workerData as { words: Int32Array; threads: number; times: number };
const COUNT = 1;
const INSIDE = 2;
const TOGETHER = 3;
const GATE = 4;
Atomics.add(words, GATE, 1);
Atomics.notify(words, GATE);
for (let there = Atomics.load(words, GATE); there < threads; there = Atomics.load(words, GATE))
  Atomics.wait(words, GATE, there, 1_000);
let longestMs = 0;
for (let n = 0; n < times; n++) {
  const before = performance.now();
  const stamp = lock(words, 0);
  longestMs = Math.max(longestMs, performance.now() - before);
  if (Atomics.add(words, INSIDE, 1) !== 0) Atomics.add(words, TOGETHER, 1);
  // Because: deliberately not atomic, so that updates get lost unless the lock guards them.
  words[COUNT]! += 1;
  Atomics.sub(words, INSIDE, 1);
  unlock(words, 0, stamp);
}
parentPort!.postMessage(longestMs);
