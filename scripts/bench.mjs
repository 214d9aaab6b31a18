// `npm run bench`: installs everything the bench needs, then runs it. `npm run bench -- --help` lists its options.

import path from 'node:path';
import { ensurePackages } from './debian-packages.mjs';
import { handOver } from './hand-over.mjs';
import { setup } from './setup.mjs';

/** The servers to compare with, and the tools that put load on them and pin them to cores. */
const benchPackages = [
  { name: 'nginx-light', command: 'nginx', why: 'what is compared with, and the backend behind every proxy' },
  // Modules are not commands, so their paths are relative to the folders of commands.
  {
    name: 'libnginx-mod-http-lua',
    command: '../lib/nginx/modules/ngx_http_lua_module.so',
    why: 'tokens and limits in nginx, compared with',
  },
  { name: 'lua-resty-core', command: '../share/lua/5.1/resty/core.lua', why: 'the same' },
  { name: 'lua-resty-lrucache', command: '../share/lua/5.1/resty/lrucache.lua', why: 'the same' },
  { name: 'lua-cjson', command: '../share/lua/5.1/cjson/util.lua', why: 'the same' },
  { name: 'haproxy', command: 'haproxy', why: 'compared with' },
  { name: 'caddy', command: 'caddy', why: 'compared with' },
  { name: 'nghttp2-client', command: 'h2load', why: 'the load over HTTP/2' },
  { name: 'wrk', command: 'wrk', why: 'the load' },
  { name: 'util-linux', command: 'taskset', why: 'keeps the proxy and the load on cores of their own' },
];

if (process.platform !== 'linux') {
  console.error('cardea: the bench reads CPU time and memory from /proc, so it runs on Linux only');
  process.exit(1);
}
const place = setup({ dev: true });
if (!ensurePackages(benchPackages)) process.exit(1);

handOver(place, place.node, [path.join(place.root, 'bench', 'main.ts'), ...process.argv.slice(2)]);
