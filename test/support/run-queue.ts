// How long the kernel kept the main thread waiting for a processor: what a busy machine adds to a duration, and no code under test.

import { closeSync, openSync, readSync } from 'node:fs';

export interface RunQueue {
  /** ms since some moment. */
  ms(): number;
  close(): void;
}

/** The second number of schedstat (Linux, Documentation/scheduler/sched-stats). */
export function openRunQueue(): RunQueue {
  const file = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
  const bytes = Buffer.alloc(64);
  return {
    ms() {
      const length = readSync(file, bytes, 0, bytes.length, 0);
      return Number(bytes.toString('latin1', 0, length).split(' ')[1]) / 1e6;
    },
    close: () => closeSync(file),
  };
}
