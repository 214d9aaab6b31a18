// A worker that takes a lock and never gives it back: the test ends the worker while it holds the lock. For tests.

import { parentPort, workerData } from 'node:worker_threads';
import { lock } from './set-lock.ts';

// Because: the test that starts this worker passes it the words.
const words = workerData as Int32Array;
lock(words, 0);
parentPort!.postMessage('held');
// Because: the test ends the worker here, while it holds the lock.
Atomics.wait(words, 1, 0);
