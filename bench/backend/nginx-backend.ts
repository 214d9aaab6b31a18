// The backend behind every proxy: nginx on the load's core, with responses in memory. Reads no request bodies: upload-sink.ts does.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Child, startChild, untilAccepting } from '../../test/support/child.ts';
import { freePort } from '../../test/support/free-port.ts';
import { loadCore, pinned } from '../measure/pinning.ts';
import { nginxTemporaryPaths } from '../peers/nginx-config.ts';
import { bodies, bodyText } from './bodies.ts';

export interface BenchBackend {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<unknown>;
}

/**
 * Responds on every path: with the known bodies on theirs, with 1 KB on all others. Keeps connections open for as long as the bench runs.
 */
export async function startNginxBackend(folder: string): Promise<BenchBackend> {
  const port = await freePort();
  const locations = Object.values(bodies)
    .slice(1)
    .map(({ path: at, bytes }) => `location = ${at} { ${answer(folder, bytes)} }`);
  const config = path.join(folder, 'backend.conf');
  writeFileSync(
    config,
    `daemon off; master_process off; worker_processes 1; pid ${folder}/backend.pid; error_log ${folder}/backend-error.log;
worker_rlimit_nofile 20000;
events { worker_connections 16384; }
http {
  ${nginxTemporaryPaths(folder)}
  access_log off;
  keepalive_timeout 3600s; keepalive_requests 1000000000; keepalive_time 24h;
  sendfile on; tcp_nopush off; open_file_cache max=16; output_buffers 2 128k;
  default_type application/json;
  server {
    listen 127.0.0.1:${port} backlog=16384;
    ${locations.join('\n    ')}
    location / { return 200 '${bodyText(bodies.small.bytes)}'; }
  }
}
`,
  );
  const [command, args] = pinned(loadCore, '/usr/sbin/nginx', ['-p', folder, '-c', config, '-e', 'stderr']);
  const child: Child = await startChild(command, args);
  await untilAccepting(child, port);
  return { port, pid: child.pid, stop: () => child.stop() };
}

/** Long responses come from a file in the page cache: nginx does not accept a token of a configuration that is longer than 4 KB. */
function answer(folder: string, bytes: number): string {
  const file = path.join(folder, `body-${bytes}.json`);
  writeFileSync(file, bodyText(bytes));
  return `alias ${file};`;
}
