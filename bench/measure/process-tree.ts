// CPU time and memory of a process and its children, as the system reports them. Linux only; measures no request.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Processor time in microseconds since the processes began, of all their threads, including those that have ended. */
export interface CpuTime {
  readonly userUs: number;
  readonly systemUs: number;
}

let tickUs = 0;

/** Converts clock ticks of /proc to microseconds. */
function ticksToUs(ticks: number): number {
  if (tickUs === 0) tickUs = 1e6 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ticks * tickUs;
}

/** The process and all its living descendants, the process first. Processes that have ended are left out. */
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
 * CPU time of a tree of processes. Children that have ended and were waited for count only when `reaped` is true. Two readings around a
 * reload need this, because the time of a process that ends between them would be missing in the second one.
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
    // The second field is the program's name in brackets, which may contain spaces.
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

/** Memory of a tree of processes in bytes. Pages that several processes share are divided among them (PSS), so that none counts twice. */
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
