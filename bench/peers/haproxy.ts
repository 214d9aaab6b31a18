// HAProxy with one thread. Routes are a map that selects the backend, the fastest way that HAProxy has for very many routes.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { writePublicKey } from '../backend/tokens.ts';
import { launch } from '../launch.ts';
import type { Peer, Setup } from '../peer.ts';
import { routePrefix } from '../peer.ts';
import { haproxyPolicy, haproxyPolicyTable } from './haproxy-policy.ts';

const binary = '/usr/sbin/haproxy';

export const haproxy: Peer = {
  name: 'haproxy',
  note: 'one thread, http-reuse always, no log',
  jit: false,
  abilities: ['routes', 'filters', 'policy', 'reload', 'grpc'],
  version() {
    const said = spawnSync(binary, ['-v'], { encoding: 'utf8' }).stdout ?? '';
    const version = /version (\S+)/.exec(said)?.[1];
    if (version === undefined) throw new Error('haproxy is not installed (Debian package haproxy)');
    return `haproxy/${version}`;
  },
  async start(setup) {
    const port = await freePort();
    const h2Port = setup.grpcPort === null ? port : await freePort();
    const file = path.join(setup.folder, 'haproxy.cfg');
    const write = (wanted: Setup) => {
      writeFileSync(path.join(wanted.folder, 'routes.map'), routeMap(wanted));
      writeFileSync(file, configuration(wanted, port, h2Port));
    };
    if (setup.policy !== null) writePublicKey(setup.folder);
    write(setup);
    // -W: a master that starts a new worker on SIGUSR2, as a systemd unit does to reload HAProxy.
    const { child, startMs } = await launch(binary, ['-W', '-db', '-f', file], port, false, {}, setup.policy !== null);
    return {
      port,
      h2Port,
      startMs,
      pid: () => child.pid,
      prepareReload(wanted) {
        write(wanted);
        return () => process.kill(child.pid, 'SIGUSR2');
      },
      stop: () => child.stop(),
    };
  },
};

function routeMap({ routes, routesVersion }: Setup): string {
  return Array.from({ length: routes }, (_, i) => `${routePrefix(i)}/ backend-${routesVersion}\n`).join('');
}

function configuration(setup: Setup, port: number, h2Port: number): string {
  const { backendPort, uploadPort, grpcPort, routes, folder } = setup;
  const routing =
    routes === 0
      ? ''
      : `use_backend %[path,map_beg(${folder}/routes.map)] if { path,map_beg(${folder}/routes.map) -m found }`;
  return `global
  nbthread 1
  maxconn 9900
  tune.pool-high-fd-ratio 90
defaults
  mode http
  timeout client 3600s
  timeout server 3600s
  timeout connect 5s
  timeout http-keep-alive 3600s
  option http-keep-alive
  http-reuse always
frontend front
  bind 127.0.0.1:${port} backlog 16384
  ${h2Port === port ? '' : `bind 127.0.0.1:${h2Port} backlog 16384 proto h2`}
  ${grpcPort === null ? '' : 'use_backend echo if { path_beg /bench.Echo/ }'}
  ${setup.filters ? filterDirectives : ''}
  ${setup.policy === null ? '' : haproxyPolicy(setup.policy, folder)}
  http-request return status 200 content-type text/plain string "${setup.version}" if { path /version }
  use_backend sink if { path /upload }
  ${routing}
  default_backend backend-any
${['backend-any', ...(routes === 0 ? [] : [`backend-${setup.routesVersion}`])]
  .map(name => `backend ${name}\n  server b 127.0.0.1:${backendPort} pool-max-conn 256 pool-purge-delay 3600s\n`)
  .join('')}backend sink
  server s 127.0.0.1:${uploadPort} pool-max-conn 256 pool-purge-delay 3600s
${grpcPort === null ? '' : `backend echo\n  server e 127.0.0.1:${grpcPort} proto h2 pool-max-conn 256 pool-purge-delay 3600s\n`}${setup.policy === null ? '' : haproxyPolicyTable}`;
}

/** The nearest that HAProxy comes to scenarios/filters.ts. */
const filterDirectives = `
  http-request deny if { src 10.66.0.0/16 192.0.2.0/24 }
  http-request deny status 413 if { req.hdr_val(content-length) gt 1048576 }
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
  http-request set-header X-Client %[src]
  http-request set-header X-Original-Path %[path]
  http-request set-var(txn.origin) req.hdr(origin)
  http-response del-header X-Powered-By
  http-response set-header X-Request-Id %[unique-id]
  http-response set-header X-Frame-Options DENY
  http-response set-header X-Content-Type-Options nosniff
  http-response set-header Access-Control-Allow-Origin %[var(txn.origin)] if { var(txn.origin) -m found }
  http-response add-header Vary Origin
  filter compression
  compression algo gzip
  compression type application/json`;
