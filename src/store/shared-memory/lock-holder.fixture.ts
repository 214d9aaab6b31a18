// A worker that takes a lock and never gives it back: it is ended while it holds it. For tests.

import { parentPort, workerData } from 'node:worker_threads';
import { lock } from './set-lock.ts';

// Because: the test that starts this worker gives it the words.
const words = workerData as Int32Array;
lock(words, 0);
parentPort!.postMessage('held');
// Because: ended by the test, in the middle of what the lock guards.
Atomics.wait(words, 1, 0);
