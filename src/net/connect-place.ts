// Where a plain connection is opened to, in the form in which node:net takes it. Opens none.

import { isSocketPath } from '../base/socket-path.ts';

/** For a Unix socket its path, which stands in `host`. */
export function connectPlace(host: string, port: number): { host: string; port: number } | { path: string } {
  return isSocketPath(host) ? { path: host } : { host, port };
}
