// Thousands of kept-alive connections without requests, held by a separate process.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild } from '../../test/support/child.ts';
import { loadCore, pinned } from '../measure/pinning.ts';

const program = path.join(import.meta.dirname, '../programs/idle-connections.ts');
const TIMEOUT_MS = 60_000;

export interface IdleConnections {
  /** Closes the connections. Throws when the server had closed some before: then its memory was not that of `count` connections. */
  close(): Promise<void>;
}

/** Resolves when all connections are open, after one request and its response on each. */
export async function openIdleConnections(port: number, count: number): Promise<IdleConnections> {
  checkFileLimit(count + 500);
  const child = await startChild(...pinned(loadCore, process.execPath, [program, String(port), String(count)]));
  let gone = false;
  void child.exited.then(() => {
    gone = true;
  });
  const until = performance.now() + TIMEOUT_MS;
  while (!child.stdout().includes(`open ${count}`)) {
    if (gone || performance.now() > until) {
      await child.stop();
      throw new Error(`${count} connections could not be opened: ${child.stderr() || 'no answer in time'}`);
    }
    await delay(20);
  }
  return {
    async close() {
      await child.stop();
      const closed = Number(/closed (\d+)/.exec(child.stdout())?.[1] ?? count);
      if (closed > 0) throw new Error(`the server closed ${closed} of ${count} idle connections meanwhile`);
    },
  };
}

/** Throws when too few open files are allowed. The bench does not raise the limit itself. */
function checkFileLimit(needed: number): void {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const files = /^Max open files\s+(\S+)/m.exec(limits)?.[1] ?? 'unlimited';
  if (files !== 'unlimited' && Number(files) < needed) {
    throw new Error(`${needed} open files are needed and ${files} are allowed: run \`ulimit -n 20000\` first`);
  }
}
