// Latency at a fixed rate, from a process of its own on the load's core. wrk.ts is for cost at saturation.

import { execFile } from 'node:child_process';
import path from 'node:path';
import { loadCore, pinned } from '../measure/pinning.ts';

export interface OpenLoopOptions {
  readonly port: number;
  readonly path: string;
  readonly requestsPerSecond: number;
  readonly seconds: number;
  readonly connections: number;
  /** Sent at the same rate before, and not counted. */
  readonly warmupSeconds: number;
}

export interface OpenLoopResult {
  readonly requests: number;
  /** Not 200, of another length than announced, or never answered. */
  readonly failed: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /**
   * The p99 of every 1,000 requests in a row, and the median of those: of a machine that stands still now and then it tells
   * what a request waits while it does not.
   */
  readonly windowP99Ms: number;
}

const program = path.join(import.meta.dirname, '../programs/open-loop.ts');

/** One run. Throws when the program breaks. */
export function runOpenLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const { port, path: target, requestsPerSecond, seconds, connections, warmupSeconds } = options;
  const words = [port, target, requestsPerSecond, seconds, connections, warmupSeconds].map(String);
  const node = [process.execPath, '--max-semi-space-size=64', program, ...words];
  // It never sleeps, so it must give way at once: with the idle policy the backend on the same core never waits for it.
  const [command, args] = pinned(loadCore, 'chrt', ['--idle', '0', ...node]);
  return new Promise((resolve, reject) => {
    execFile(command, args, (error, stdout, stderr) => {
      if (error !== null) reject(new Error(`open-loop.ts failed: ${stderr || error.message}`));
      // Because: the only writer of that line is the program above.
      else resolve(JSON.parse(stdout) as OpenLoopResult);
    });
  });
}
