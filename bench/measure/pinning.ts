// Which core runs what: the proxy alone on one, load and backends on the other. A machine with one core cannot be divided.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** The core of the proxy. Everything else of the bench runs on `loadCore`. */
export const proxyCore = 0;
export const loadCore = 1;

/** False on a machine with one core or without taskset, whose figures say little. */
export const canPin = availableParallelism() >= 2 && existsSync('/usr/bin/taskset');

/** The command line that runs a program with all its threads on one core. The process id is that of the program itself. */
export function pinned(core: number, command: string, args: readonly string[]): [string, string[]] {
  return canPin ? ['taskset', ['-c', String(core), command, ...args]] : [command, [...args]];
}

/** Keeps the bench's own process, which polls during a measurement, off the proxy's core. */
export function pinThisProcess(): void {
  if (canPin) spawnSync('taskset', ['-a', '-c', '-p', String(loadCore), String(process.pid)]);
}
