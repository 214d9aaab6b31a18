// How much of a core other processes used while a round was measured on it, so that a disturbed round is known as one.

import { readFileSync } from 'node:fs';
import { cpuTime } from './process-tree.ts';

const TICK_US = 10_000; // /proc/stat counts in USER_HZ, which is 100 on Linux for every architecture that we run on

export interface CoreWatch {
  /** Share of the core, 0 to 1, that processes other than `pids` and their children have used since the watch began. */
  foreignShare(): number;
}

/** Begins to watch a core. Interrupts are left out, because they are mostly for our own packets. */
export function watchCore(core: number, pids: readonly number[]): CoreWatch {
  const begin = reading(core, pids);
  const beginMs = performance.now();
  return {
    foreignShare() {
      const end = reading(core, pids);
      const foreignUs = end.busyUs - begin.busyUs - (end.oursUs - begin.oursUs);
      return Math.max(0, foreignUs / 1000 / (performance.now() - beginMs));
    },
  };
}

function reading(core: number, pids: readonly number[]): { busyUs: number; oursUs: number } {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '';
  const [user = 0, nice = 0, system = 0] = line.split(' ').map(Number);
  const steal = Number(line.split(' ')[7] ?? 0);
  const ours = pids.map(pid => cpuTime(pid)).reduce((sum, time) => sum + time.userUs + time.systemUs, 0);
  return { busyUs: (user + nice + system + steal) * TICK_US, oursUs: ours };
}
