// How long the kernel kept the main thread waiting for a processor: what a busy machine, not the code under test, adds to a duration.

import { closeSync, openSync, readSync } from 'node:fs';

export interface RunQueue {
  /** ms spent waiting; only differences are meaningful. */
  ms(): number;
  close(): void;
}

/** Reads the second number of schedstat (Linux, Documentation/scheduler/sched-stats). */
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
