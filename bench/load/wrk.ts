// Runs wrk against a port and reads its output. wrk waits for a response before it sends again, so its latencies are those of a saturated
// server and hide stalls. open-loop.ts is for latency.

import { execFile, spawnSync } from 'node:child_process';
import path from 'node:path';
import { loadCore, pinned } from '../measure/pinning.ts';

/** What is sent. The first element is a mode of wrk.lua, or `handshake` or `resume` for programs/tls-connections.ts. */
export type WrkRequest =
  | readonly ['get' | 'page' | 'close' | 'handshake' | 'resume', path: string]
  | readonly ['spread', count: number, pathFormat: string]
  | readonly ['upload', path: string, bytes: number]
  /** Tokens from a file, one a line, on `routes` paths. The next token is drawn by Zipf's law, or taken in turn. */
  | readonly ['tokens', file: string, routes: number, pathFormat: string, order: 'zipf' | 'turn']
  | readonly ['header', path: string, name: string, value: string]
  /** The modes of h2load.ts. */
  | readonly ['h2', path: string]
  | readonly ['grpc', path: string, messageBytes: number];

export interface WrkOptions {
  readonly port: number;
  readonly tls?: boolean;
  readonly request: WrkRequest;
  readonly seconds: number;
  readonly connections: number;
}

export interface WrkResult {
  /** Requests that got a response, including the failed ones. */
  readonly requests: number;
  /** Bytes read, heads included. */
  readonly bytes: number;
  readonly durationUs: number;
  /** Broken connections, timeouts and statuses from 400. */
  readonly failed: number;
  readonly errors: string;
  readonly p50Us: number;
  readonly p99Us: number;
}

const script = path.join(import.meta.dirname, 'wrk.lua');
const connectionsProgram = path.join(import.meta.dirname, '../programs/tls-connections.ts');
/** Connections of tls-connections.ts. More would only wait for the core that makes the load. */
const RESUMING_MAX = 16;

/** One run on the load's core. Rejects when the program cannot run or its output has no summary. */
export function runWrk({ port, tls = false, request, seconds, connections }: WrkOptions): Promise<WrkResult> {
  const own = [
    connectionsProgram,
    request[0],
    String(port),
    request[1],
    seconds,
    Math.min(connections, RESUMING_MAX),
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
      else resolve(JSON.parse(summary) as WrkResult);
    });
  });
}

/** The name and version that wrk gives itself. */
export function wrkVersion(): string {
  return /wrk \S+/.exec(spawnSync('wrk', ['-v'], { encoding: 'utf8' }).stdout)?.[0] ?? 'wrk';
}
