// What the system says of a process and its children: CPU time and memory. Linux only; measures no request.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Processor time in microseconds since the processes began; all threads, those that ended too. */
export interface CpuTime {
  readonly userUs: number;
  readonly systemUs: number;
}

let tickUs = 0;

/** Length of a clock tick of /proc, in microseconds. */
function ticksToUs(ticks: number): number {
  if (tickUs === 0) tickUs = 1e6 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ticks * tickUs;
}

/** The process and all that live below it, the process first. Those that are gone are left out. */
export function processTree(pid: number): number[] {
  const found = [pid];
  for (const each of found) {
    for (const child of childrenOf(each)) if (!found.includes(child)) found.push(child);
  }
  return found;
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap(thread =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/**
 * CPU time of a tree of processes. Children that ended and were waited for count only when `reaped` is true, because then
 * two readings over a reload compare; otherwise a child's end would be counted twice.
 */
export function cpuTime(pid: number, { reaped = false } = {}): CpuTime {
  let userUs = 0;
  let systemUs = 0;
  for (const each of processTree(pid)) {
    const fields = statFields(each);
    if (fields === null) continue;
    // proc(5): utime, stime, cutime, cstime are fields 14 to 17.
    userUs += ticksToUs(fields[13]! + (reaped ? fields[15]! : 0));
    systemUs += ticksToUs(fields[14]! + (reaped ? fields[16]! : 0));
  }
  return { userUs, systemUs };
}

function statFields(pid: number): number[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may hold spaces.
    return [
      0,
      0,
      ...text
        .slice(text.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number),
    ];
  } catch {
    return null;
  }
}

/** Memory of a tree of processes in bytes; pages that several share are divided among them (PSS), so that none counts twice. */
export function memoryBytes(pid: number): number {
  return processTree(pid).reduce((sum, each) => sum + proportionalBytes(each), 0);
}

function proportionalBytes(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
