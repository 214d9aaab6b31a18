// Runs wrk against a port and reads its output. wrk waits for a response before it sends again, so its latencies are those of a saturated
// server and hide stalls. open-loop.ts is for latency.

import { execFile, spawnSync } from 'node:child_process';
import path from 'node:path';
import { loadCore, pinned } from '../measure/pinning.ts';
import type { LoadOptions, LoadResult } from './load.ts';

const script = path.join(import.meta.dirname, 'wrk.lua');
const connectionsProgram = path.join(import.meta.dirname, '../programs/tls-connections.ts');
/** Connections of tls-connections.ts. More would only wait for the core that makes the load. */
const TLS_CONNECTIONS_MAX = 16;

/** One run on the load's core. Rejects when the program cannot run or its output has no summary. */
export function runWrk({ port, tls = false, request, seconds, connections }: LoadOptions): Promise<LoadResult> {
  const own = [
    connectionsProgram,
    request[0],
    String(port),
    request[1],
    seconds,
    Math.min(connections, TLS_CONNECTIONS_MAX),
  ].map(String);
  const wrk = [
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    '--timeout',
    '10s',
    '-s',
    script,
    `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    '--',
    ...request.map(String),
  ];
  const program: [string, string[]] =
    request[0] === 'resume' || request[0] === 'handshake' ? [process.execPath, own] : ['wrk', wrk];
  const [command, args] = pinned(loadCore, ...program);
  return new Promise((resolve, reject) => {
    execFile(command, args, { maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      const summary = /^wrk-summary (\{.*\})$/m.exec(stdout)?.[1];
      if (summary === undefined) reject(new Error(`wrk failed: ${stderr || stdout || String(error)}`));
      // Because: only wrk.lua and tls-connections.ts write that line.
      else resolve(JSON.parse(summary) as LoadResult);
    });
  });
}

/** The name and version that wrk gives itself. */
export function wrkVersion(): string {
  return /wrk \S+/.exec(spawnSync('wrk', ['-v'], { encoding: 'utf8' }).stdout)?.[0] ?? 'wrk';
}
