// nginx as a real backend: one process, a temporary prefix, an access log of what it received.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Backend } from './backend.ts';
import { startChild, untilAccepting } from './child.ts';
import { freePort } from './free-port.ts';

/**
 * Answers every request with 200. The paths in `seen` are as nginx normalises them (`$uri`). `bigBytes` is the size of `/big`, a file
 * that nginx sends by itself, which leaves the test's process free.
 */
export async function startNginx(bigBytes = 0): Promise<Backend> {
  const port = await freePort();
  const prefix = mkdtempSync(path.join(tmpdir(), 'cardea-nginx-'));
  const log = path.join(prefix, 'access.log');
  const big = path.join(prefix, 'big');
  writeFileSync(big, Buffer.alloc(bigBytes, 'x'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(name => `${name}_temp_path ${prefix};`)
    .join(' ');
  writeFileSync(
    path.join(prefix, 'nginx.conf'),
    `daemon off; master_process off; worker_processes 1; pid ${prefix}/pid; error_log ${prefix}/error.log;
events { worker_connections 1024; }
http {
  ${temporary}
  log_format seen escape=json '{"line":"$request","path":"$uri"}';
  access_log ${log} seen;
  keepalive_timeout 60s; keepalive_requests 1000000;
  server { listen 127.0.0.1:${port}; location = /big { alias ${big}; } location / { return 200 "nginx\\n"; } }
}
`,
  );
  const child = await startChild('/usr/sbin/nginx', ['-p', prefix, '-c', path.join(prefix, 'nginx.conf')]);
  await untilAccepting(child, port);
  return {
    name: 'nginx',
    port,
    seen() {
      const lines = readFileSync(log, 'utf8').split('\n').filter(Boolean);
      // Because: the log format above is the only writer of this file.
      const entries = lines.map(line => JSON.parse(line) as { line: string; path: string });
      return Promise.resolve(
        entries.filter(({ line }) => line !== '').map(entry => ({ ...entry, headers: [], complete: true })),
      );
    },
    async stop() {
      await child.stop();
      rmSync(prefix, { recursive: true, force: true });
    },
  };
}
