// Counts the system calls of a running process, over all its threads, with strace. Judges no number.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild } from '../../support/child.ts';

const ATTACH_TIMEOUT_MS = 10_000;

/** Number of calls by name: `{ read: 2000, writev: 1000, epoll_pwait: 130 }`. */
export type SystemCallCount = ReadonlyMap<string, number>;

/**
 * The system calls of a process while `work` runs. Throws with strace's message when strace is missing or may not attach: a container
 * needs CAP_SYS_PTRACE, and /proc/sys/kernel/yama/ptrace_scope 0 or a root user.
 */
export async function countSystemCalls(pid: number, work: () => Promise<void>): Promise<SystemCallCount> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-strace-'));
  const summary = path.join(folder, 'summary');
  const strace = await startChild('strace', ['-f', '-c', '-o', summary, '-p', String(pid)]).catch(error => {
    throw new Error(`strace is needed to count system calls (Debian package strace): ${String(error)}`);
  });
  try {
    await untilAttached(strace);
    await work();
    // strace detaches from the process and writes its summary.
    process.kill(strace.pid, 'SIGINT');
    await strace.exited;
    return readSummary(readFileSync(summary, 'utf8'));
  } finally {
    await strace.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function untilAttached(strace: Awaited<ReturnType<typeof startChild>>): Promise<void> {
  const until = performance.now() + ATTACH_TIMEOUT_MS;
  let gone = false;
  void strace.exited.then(() => {
    gone = true;
  });
  // strace prints `Process 12 attached`, followed by ` with 11 threads` when there are several.
  while (!/ attached/.test(strace.stderr())) {
    if (gone || performance.now() > until)
      throw new Error(
        `strace could not attach, so nothing was counted: ${strace.stderr().trim() || 'it said nothing'}`,
      );
    await delay(10);
  }
}

/** Parses the output of strace(1) -c: columns `% time, seconds, usecs/call, calls, errors (may be empty), syscall`. */
export function readSummary(text: string): SystemCallCount {
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) {
    const match = /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?([a-z_]\w*)\s*$/.exec(line);
    if (match !== null && match[2] !== 'total') counts.set(match[2]!, Number(match[1]));
  }
  return counts;
}
