// Apache httpd as a real backend, with a temporary server root and an access log of what it received.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Backend } from './backend.ts';
import { startChild, untilAccepting } from './child.ts';
import { freePort } from './free-port.ts';

const modules = '/usr/lib/apache2/modules';

/** Answers every request with 200. The paths in `seen` are as httpd resolves them (`%U`). */
export async function startApache(): Promise<Backend> {
  const port = await freePort();
  const root = mkdtempSync(path.join(tmpdir(), 'cardea-apache-'));
  const log = path.join(root, 'access.log');
  mkdirSync(path.join(root, 'htdocs'));
  writeFileSync(
    path.join(root, 'httpd.conf'),
    `ServerName backend.test
Listen 127.0.0.1:${port}
PidFile ${root}/pid
Mutex file:${root}
LoadModule mpm_event_module ${modules}/mod_mpm_event.so
LoadModule authz_core_module ${modules}/mod_authz_core.so
LoadModule rewrite_module ${modules}/mod_rewrite.so
StartServers 1
ServerLimit 1
ThreadsPerChild 25
MaxRequestWorkers 25
ErrorLog ${root}/error.log
LogFormat "%U\\t%r" seen
CustomLog ${log} seen
KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 0
DocumentRoot ${root}/htdocs
RewriteEngine On
RewriteRule ^ - [R=200]
`,
  );
  const child = await startChild('/usr/sbin/apache2', [
    '-d',
    root,
    '-f',
    path.join(root, 'httpd.conf'),
    '-DFOREGROUND',
  ]);
  await untilAccepting(child, port);
  return {
    name: 'apache',
    port,
    seen() {
      const lines = readFileSync(log, 'utf8')
        .split('\n')
        .filter(line => line !== '' && !line.endsWith('\t-'));
      return Promise.resolve(
        lines.map(text => {
          const [seenPath, line] = text.split('\t');
          return { path: seenPath!, line: line ?? '', headers: [], complete: true };
        }),
      );
    },
    async stop() {
      await child.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
