// The full policy in nginx with Lua, with packages from Debian only: RS256 by OpenSSL over LuaJIT's FFI, a limiter and metrics in shared
// memory, and nginx's own JSON log through a 64 KB buffer, which is cheaper than writing the log in Lua.

import { copyFileSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { audience, issuer, publicKeyFile } from '../backend/tokens.ts';
import type { Policy } from '../peer.ts';

const modules = '/usr/lib/nginx/modules';

export const nginxLuaModules = `load_module ${modules}/ndk_http_module.so; load_module ${modules}/ngx_http_lua_module.so;
`;

/** Writes the Lua program and its settings beside the configuration. Throws with the names of missing packages. */
export function writeNginxPolicy({ kind, perMinute, cachedTokens }: Policy, folder: string): void {
  if (kind !== 'jwt') throw new Error(`nginx is not configured for ${kind}`);
  if (!existsSync(`${modules}/ngx_http_lua_module.so`)) {
    throw new Error(
      'Lua is missing (Debian packages libnginx-mod-http-lua lua-resty-core lua-resty-lrucache lua-cjson)',
    );
  }
  copyFileSync(path.join(import.meta.dirname, 'nginx-policy.lua'), path.join(folder, 'policy.lua'));
  const settings = {
    keyFile: path.join(folder, publicKeyFile),
    issuer,
    audience,
    cachedTokens,
    perMinute: perMinute ?? 0,
  };
  const fields = Object.entries(settings).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  writeFileSync(path.join(folder, 'settings.lua'), `return { ${fields.join(', ')} }\n`);
}

/** Directives for the http block. The server block sets `$route` and `$subject`. */
export function nginxPolicy(folder: string): string {
  return `lua_package_path "${folder}/?.lua;/usr/share/lua/5.1/?.lua;;";
  lua_package_cpath "/usr/lib/x86_64-linux-gnu/lua/5.1/?.so;;";
  lua_shared_dict limits 32m;
  lua_shared_dict metrics 32m;
  init_by_lua_block { require "resty.core"; policy = require "policy" }
  access_by_lua_block { policy.access() }
  log_by_lua_block { policy.log() }
  log_format line escape=json '{"time":"$time_iso8601","requestId":"$request_id","client":"$remote_addr","method":"$request_method","host":"$host","path":"$uri","route":"$route","subject":"$subject","endpoint":"$upstream_addr","status":$status,"bytesIn":$request_length,"bytesOut":$bytes_sent,"totalMs":$request_time,"upstreamMs":"$upstream_response_time"}';
  access_log ${folder}/access.log line buffer=64k flush=1s;`;
}
