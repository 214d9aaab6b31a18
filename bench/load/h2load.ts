// Runs h2load against a port and reads its output: few connections with many streams each, as HTTP/2 clients make them.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { grpcBody } from '../backend/grpc-message.ts';
import { loadCore, pinned } from '../measure/pinning.ts';
import type { WrkOptions, WrkResult } from './wrk.ts';

const CONNECTIONS = 8;
const STREAMS = 16;

/** One run on the load's core, always with 8 connections of 16 streams. Throws when the output of h2load cannot be read. */
export async function runH2load(options: WrkOptions): Promise<WrkResult> {
  const { request } = options;
  if (request[0] !== 'grpc') return run(options, []);
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-bench-grpc-'));
  const file = path.join(folder, 'body');
  writeFileSync(file, grpcBody(request[2]));
  try {
    // With a body, h2load sends POST.
    return await run(options, ['-d', file, '-H', 'content-type: application/grpc', '-H', 'te: trailers']);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run({ port, tls = false, request, seconds }: WrkOptions, more: readonly string[]): Promise<WrkResult> {
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}${request[1]}`;
  const args = ['-t1', `-c${CONNECTIONS}`, `-m${STREAMS}`, `-D${seconds}`, ...more, url];
  return new Promise((resolve, reject) => {
    execFile(...pinned(loadCore, 'h2load', args), { maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      const counts = /^requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded/m.exec(stdout);
      const bytes = /^traffic: .*?\((\d+)\) total/m.exec(stdout);
      const times = /^time for request: +\S+ +(\S+) +(\S+)/m.exec(stdout);
      if (counts === null || bytes === null || times === null) {
        reject(new Error(`h2load failed: ${stderr || stdout || String(error)}`));
        return;
      }
      const done = Number(counts[1]);
      resolve({
        requests: done,
        bytes: Number(bytes[1]),
        durationUs: seconds * 1e6,
        failed: done - Number(counts[2]),
        errors: /^status codes: .*$/m.exec(stdout)?.[0] ?? '',
        // h2load gives no percentiles: `p50Us` is the mean here, and `p99Us` the maximum.
        p50Us: microseconds(times[2]!),
        p99Us: microseconds(times[1]!),
      });
    });
  });
}

/** Microseconds of a text such as `1.23ms`. */
function microseconds(text: string): number {
  const value = Number.parseFloat(text);
  return text.endsWith('us') ? value : text.endsWith('ms') ? value * 1e3 : value * 1e6;
}
