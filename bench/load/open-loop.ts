// Latency at a fixed rate, measured by a separate process on the load's core. wrk.ts is for cost at saturation.

import { execFile } from 'node:child_process';
import path from 'node:path';
import { loadCore, pinned } from '../measure/pinning.ts';

export interface OpenLoopOptions {
  readonly port: number;
  readonly path: string;
  readonly requestsPerSecond: number;
  readonly seconds: number;
  readonly connections: number;
  /** Seconds of requests at the same rate before the measurement, which are not counted. */
  readonly warmupSeconds: number;
}

export interface OpenLoopResult {
  readonly requests: number;
  /** Requests without a 200, with a body of another length than announced, or never answered. */
  readonly failed: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** The median of the p99 of every 1,000 requests in a row. On a machine that stalls now and then, this is the wait between the stalls. */
  readonly windowP99Ms: number;
}

const program = path.join(import.meta.dirname, '../programs/open-loop.ts');

/** One run. Rejects when the program fails. */
export function runOpenLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const { port, path: target, requestsPerSecond, seconds, connections, warmupSeconds } = options;
  const words = [port, target, requestsPerSecond, seconds, connections, warmupSeconds].map(String);
  const node = [process.execPath, '--max-semi-space-size=64', program, ...words];
  // The program never sleeps, so it has to give way at once: with the idle policy, the backend on the same core never waits for it.
  const [command, args] = pinned(loadCore, 'chrt', ['--idle', '0', ...node]);
  return new Promise((resolve, reject) => {
    execFile(command, args, (error, stdout, stderr) => {
      if (error !== null) reject(new Error(`open-loop.ts failed: ${stderr || error.message}`));
      // Because: only the program above writes to this output.
      else resolve(JSON.parse(stdout) as OpenLoopResult);
    });
  });
}
