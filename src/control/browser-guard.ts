// Keeps web pages away from the admin server: a browser on the operator's machine lets any page that it shows reach loopback
// addresses. Decides from the headers only; the address of the listener decides who else may connect.

import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/**
 * Returns why a request is refused, or an empty text when it may pass. `hosts` are in lower case. A Host that is neither an IP
 * address, `localhost` nor one of `hosts` is refused, since a page can point its own name at this server (DNS rebinding) and is then
 * same-origin. A request without Host does not come from a browser: it is a health check in HTTP/1.0.
 */
export function browserRefusal(headers: IncomingHttpHeaders, hosts: readonly string[]): string {
  const { host, origin } = headers;
  if (host !== undefined && !isOwnName(host, hosts)) {
    return 'the Host header must be an IP address, localhost or a name of `admin.hosts`';
  }
  if (origin !== undefined && origin !== `http://${host}`) return 'requests from pages of another origin are refused';
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return 'requests from pages of another site are refused';
  }
  return '';
}

function isOwnName(host: string, hosts: readonly string[]): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, '');
  if (name === 'localhost' || hosts.includes(name)) return true;
  return isIP(name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name) !== 0;
}
