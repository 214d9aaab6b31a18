// Time in which the main thread did not work for whoever is measured: what a busy machine and a shared thread add to a duration, and
// no code under test.

import { closeSync, openSync, readSync } from 'node:fs';

let asideMs = 0;

/** Does what belongs to the test and holds the thread until it returns: that time is foreign. */
export function aside<Value>(work: () => Value): Value {
  const before = performance.now();
  const value = work();
  asideMs += performance.now() - before;
  return value;
}

export interface ForeignTime {
  /** ms since some moment. */
  ms(): number;
  close(): void;
}

/**
 * Counts the time in which the kernel kept the thread waiting for a processor (the second number of schedstat; Linux,
 * Documentation/scheduler/sched-stats), and of the thread's own CPU time this share, which it spends on others.
 */
export function openForeignTime(shareOfOthers: number): ForeignTime {
  const file = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
  const bytes = Buffer.alloc(64);
  return {
    ms() {
      const length = readSync(file, bytes, 0, bytes.length, 0);
      const [ran, waited] = bytes.toString('latin1', 0, length).split(' ').map(Number);
      return (ran! * shareOfOthers + waited!) / 1e6 + asideMs;
    },
    close: () => closeSync(file),
  };
}
