// Runs h2load against a port and reads its output: few connections with many streams each, as HTTP/2 clients make them.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { grpcBody } from '../backend/grpc-message.ts';
import { loadCore, pinned } from '../measure/pinning.ts';
import { quantile } from '../measure/statistics.ts';
import type { LoadOptions, LoadResult } from './load.ts';

const CONNECTIONS = 8;
const STREAMS = 16;

/** One run on the load's core, always with 8 connections of 16 streams. Throws when the output of h2load cannot be read. */
export async function runH2load(options: LoadOptions): Promise<LoadResult> {
  const { request } = options;
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-bench-h2load-'));
  const log = path.join(folder, 'requests');
  try {
    if (request[0] !== 'grpc') return await run(options, log, []);
    const body = path.join(folder, 'body');
    writeFileSync(body, grpcBody(request[2]));
    // With a body, h2load sends POST.
    return await run(options, log, ['-d', body, '-H', 'content-type: application/grpc', '-H', 'te: trailers']);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(
  { port, tls = false, request, seconds }: LoadOptions,
  log: string,
  more: readonly string[],
): Promise<LoadResult> {
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}${request[1]}`;
  const args = ['-t1', `-c${CONNECTIONS}`, `-m${STREAMS}`, `-D${seconds}`, `--log-file=${log}`, ...more, url];
  return new Promise((resolve, reject) => {
    execFile(...pinned(loadCore, 'h2load', args), { maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      const counts = /^requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded/m.exec(stdout);
      const bytes = /^traffic: .*?\((\d+)\) total/m.exec(stdout);
      if (counts === null || bytes === null) {
        reject(new Error(`h2load failed: ${stderr || stdout || String(error)}`));
        return;
      }
      const done = Number(counts[1]);
      const latencies = latenciesIn(readFileSync(log, 'latin1'));
      resolve({
        requests: done,
        bytes: Number(bytes[1]),
        durationUs: seconds * 1e6,
        failed: done - Number(counts[2]),
        errors: /^status codes: .*$/m.exec(stdout)?.[0] ?? '',
        p50Us: quantile(latencies, 0.5),
        p99Us: quantile(latencies, 0.99),
      });
    });
  });
}

/** Microseconds of each request, sorted: the third column of h2load's log. Its summary has no percentiles. */
function latenciesIn(log: string): Float64Array {
  return Float64Array.from(log.matchAll(/^\d+\t\d+\t(\d+)$/gm), ([, microseconds]) => Number(microseconds)).sort();
}
