// Which core runs what: the proxy alone on one, load and backends on the other. With one core there is nothing to pin.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** The proxy's core; everything else of the bench runs on `loadCore`. */
export const proxyCore = 0;
export const loadCore = 1;

/** False on a machine with one core: its figures say little. */
export const canPin = availableParallelism() >= 2 && existsSync('/usr/bin/taskset');

/** The command line that runs a program, all its threads included, on one core. The process id is the program's own. */
export function pinned(core: number, command: string, args: readonly string[]): [string, string[]] {
  return canPin ? ['taskset', ['-c', String(core), command, ...args]] : [command, [...args]];
}

/** Keeps the bench's own process, which polls while it measures, off the proxy's core. */
export function pinThisProcess(): void {
  if (canPin) spawnSync('taskset', ['-a', '-c', '-p', String(loadCore), String(process.pid)]);
}
