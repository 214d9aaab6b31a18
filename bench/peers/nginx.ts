// nginx as a reverse proxy with one worker, tuned as its manual advises: kept-alive upstream connections, streamed bodies.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { makeCertificate } from '../backend/certificate.ts';
import { writePublicKey } from '../backend/tokens.ts';
import { launch } from '../launch.ts';
import type { Peer, Setup } from '../peer.ts';
import { routePrefix } from '../peer.ts';
import { nginxTemporaryPaths } from './nginx-config.ts';
import { nginxLuaModules, nginxPolicy, writeNginxPolicy } from './nginx-policy.ts';

const binary = '/usr/sbin/nginx';

interface Variant {
  readonly name: string;
  readonly logVariant?: boolean;
  readonly note: string;
  /** The access_log directive. */
  readonly accessLog: (folder: string) => string;
}

/** `proxy_pass` and nothing else: the reference of the issue that asked for the bench. */
export const nginx = nginxPeer({
  name: 'nginx',
  note: 'bare proxy_pass, no access log',
  accessLog: () => 'access_log off;',
});

/** The same with a log line for each request, buffered like Cardea's. */
export const nginxWithLog = nginxPeer({
  name: 'nginx-log',
  logVariant: true,
  note: 'proxy_pass, JSON access log through a 64 KB buffer',
  accessLog: folder => `
  log_format line escape=json '{"time":"$time_iso8601","requestId":"$request_id","client":"$remote_addr","method":"$request_method","host":"$host","path":"$uri","upstream":"$upstream_addr","status":$status,"bytesIn":$request_length,"bytesOut":$bytes_sent,"totalMs":$request_time,"upstreamMs":$upstream_response_time}';
  access_log ${folder}/access.log line buffer=64k flush=1s;`,
});

function nginxPeer({ name, note, accessLog, logVariant = false }: Variant): Peer {
  return {
    name,
    note,
    jit: false,
    logs: logVariant,
    logVariant,
    abilities: ['routes', 'filters', 'policy', 'reload', 'tls', 'h2', 'grpc'],
    version() {
      const said = spawnSync(binary, ['-v'], { encoding: 'utf8' }).stderr ?? '';
      const version = /nginx\/\S+/.exec(said)?.[0];
      if (version === undefined) throw new Error('nginx is not installed (Debian package nginx-light)');
      return version;
    },
    async start(setup) {
      const port = await freePort();
      const h2Port = setup.http2 && !setup.tls ? await freePort() : port;
      const file = path.join(setup.folder, 'nginx.conf');
      const write = (wanted: Setup) =>
        writeFileSync(file, configuration(wanted, port, h2Port, accessLog(wanted.folder)));
      if (setup.tls) makeCertificate(setup.folder);
      if (setup.policy !== null) {
        writePublicKey(setup.folder);
        writeNginxPolicy(setup.policy, setup.folder);
      }
      write(setup);
      const { child, startMs } = await launch(
        binary,
        ['-p', setup.folder, '-c', file, '-e', 'stderr'],
        port,
        setup.tls,
        {},
        setup.policy !== null,
      );
      return {
        port,
        h2Port,
        startMs,
        pid: () => child.pid,
        prepareReload(wanted) {
          write(wanted);
          return () => process.kill(child.pid, 'SIGHUP');
        },
        stop: () => child.stop(),
      };
    },
  };
}

function configuration(setup: Setup, port: number, h2Port: number, accessLog: string): string {
  const routes = Array.from(
    { length: setup.routes },
    (_, i) =>
      `location ${routePrefix(i)}/ { ${setup.policy === null ? '' : `set $route service-${i}; `}proxy_pass http://backend; }`,
  );
  return `${setup.policy === null ? '' : nginxLuaModules}daemon off; master_process on; worker_processes 1; pid ${setup.folder}/nginx.pid; error_log ${setup.folder}/error.log;
worker_rlimit_nofile 20000;
events { worker_connections 19000; }
http {
  ${nginxTemporaryPaths(setup.folder)}
  ${setup.policy === null ? accessLog : nginxPolicy(setup.folder)}
  keepalive_timeout 3600s; keepalive_requests 1000000000; keepalive_time 24h;
  client_max_body_size 0; proxy_request_buffering off; proxy_max_temp_file_size 0;
  tcp_nodelay on;
  upstream backend { server 127.0.0.1:${setup.backendPort}; ${poolSettings} }
  upstream sink { server 127.0.0.1:${setup.uploadPort}; ${poolSettings} }
  ${setup.grpcPort === null ? '' : `upstream echo { server 127.0.0.1:${setup.grpcPort}; ${poolSettings} }`}
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $host;
  server {
    listen 127.0.0.1:${port} ${setup.tls ? 'ssl ' : ''}${setup.tls && setup.http2 ? 'http2 ' : ''}backlog=16384;
    ${h2Port === port ? '' : `listen 127.0.0.1:${h2Port} http2 backlog=16384;`}
    ${setup.tls ? tlsDirectives(setup.folder) : ''}
    ${setup.policy === null ? '' : 'set $route any; set $subject -;'}
    ${setup.filters ? filterDirectives : ''}
    location / { proxy_pass http://backend; }
    location /upload { proxy_pass http://sink; }
    ${setup.grpcPort === null ? '' : 'location /bench.Echo/ { grpc_pass grpc://echo; grpc_socket_keepalive on; }'}
    location = /version { return 200 '${setup.version}'; }
    ${routes.join('\n    ')}
  }
}
`;
}

function tlsDirectives(folder: string): string {
  const certificate = `ssl_certificate ${folder}/bench.pem; ssl_certificate_key ${folder}/bench.key;`;
  return `${certificate} ssl_protocols TLSv1.3; ssl_session_tickets on;`;
}

const poolSettings = 'keepalive 256; keepalive_requests 1000000000; keepalive_time 24h; keepalive_timeout 3600s;';

/** The nearest that nginx comes to scenarios/filters.ts with its own directives. */
const filterDirectives = `
    deny 10.66.0.0/16; deny 192.0.2.0/24; allow all;
    client_max_body_size 1m;
    gzip on; gzip_types application/json; gzip_min_length 1024; gzip_vary on;
    proxy_set_header Connection ""; # proxy_set_header of an inner level replaces all of the outer
    proxy_set_header Host $host;
    proxy_set_header X-Request-Id $request_id;
    proxy_set_header X-Client $remote_addr;
    proxy_set_header X-Original-Path $uri;
    proxy_hide_header X-Powered-By;
    add_header X-Request-Id $request_id always;
    add_header X-Frame-Options DENY always;
    add_header X-Content-Type-Options nosniff always;
    add_header Access-Control-Allow-Origin $http_origin always;
    add_header Vary Origin always;`;
