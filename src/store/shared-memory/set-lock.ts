// A lock for a handful of words in shared memory, held for well under a microsecond. Knows nothing of what it guards.

import { threadId } from 'node:worker_threads';

/** Tries before the thread sleeps: many times as long as a holder mostly needs. */
const SPINS = 2_000;
/** Tries after each sleep: with only one, a sleeper would find the lock taken again and again where many threads want it. */
const SPINS_AWAKE = 200;
const SLEEP_MS = 1;
/**
 * Sleeps after which the holder counts as gone: a worker can be ended at any point. A holder that was only held up finds the lock taken
 * when it resumes; at worst, what one request took is lost. Counts sleeps, not time: while the whole process stands still, nobody is gone.
 */
const SLEEPS_MAX = 100;
/** Minimum time after which a holder counts as gone. */
export const HOLDER_GONE_MS = SLEEPS_MAX * SLEEP_MS;

let stamps = 0;

/** Identifies one holding of a lock: unique in this process for a long time, and never 0. */
function nextStamp(): number {
  stamps = (stamps + 1) & 0xffff;
  return ((threadId + 1) << 16) | stamps;
}

/** Takes the lock in `words[at]`, which is 0 while nobody holds it. Returns the stamp for `unlock`. */
export function lock(words: Int32Array, at: number): number {
  const stamp = nextStamp();
  if (Atomics.compareExchange(words, at, 0, stamp) !== 0) wait(words, at, stamp);
  return stamp;
}

/** Releases the lock; does nothing if another thread has taken it over. */
export function unlock(words: Int32Array, at: number, stamp: number): void {
  Atomics.compareExchange(words, at, stamp, 0);
}

function wait(words: Int32Array, at: number, stamp: number): void {
  let sleeps = 0;
  let holder = 0;
  for (let spins = 1; ; spins++) {
    const seen = Atomics.compareExchange(words, at, 0, stamp);
    if (seen === 0) return;
    if (seen !== holder) {
      holder = seen;
      sleeps = 0;
    }
    if (spins < SPINS) continue;
    // Because: nobody wakes a sleeper, since that would cost every holder; a millisecond is the price of a rare case.
    Atomics.wait(words, at, seen, SLEEP_MS);
    spins = SPINS - SPINS_AWAKE;
    if (++sleeps < SLEEPS_MAX) continue;
    if (Atomics.compareExchange(words, at, seen, stamp) === seen) return;
  }
}
