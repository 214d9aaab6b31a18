// Classifies a request: a page that a browser shows or a call by a program, from this site or from another.

import type { Exchange } from '../../exchange/exchange.ts';
import { HeaderId } from '../../http/header-names.ts';

/** Whether a redirect to a login page would be shown to a person. */
export function isPage({ request }: Exchange): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  const { headers } = request;
  const mode = headers.get('sec-fetch-mode');
  if (mode !== undefined && mode !== 'navigate') return false;
  if (headers.get('x-requested-with') !== undefined) return false;
  return headers.getById(HeaderId.accept)?.includes('text/html') === true;
}

/**
 * Whether another site made the browser send this request. Browsers say so in Sec-Fetch-Site, older ones in Origin. A client that sends
 * neither is not a browser, so nobody can make it send a cookie. `base` is this site as the browser sees it.
 */
export function isCrossSite({ request }: Exchange, base: string): boolean {
  const { headers } = request;
  const site = headers.get('sec-fetch-site');
  // Because: another host under the same domain may be run by somebody else.
  if (site !== undefined) return site === 'cross-site' || site === 'same-site';
  const origin = headers.getById(HeaderId.origin);
  return origin !== undefined && origin !== URL.parse(base)?.origin;
}

/**
 * Whether the request changes nothing (RFC 9110 section 9.2.1). An upgrade may: everything sent over the socket acts in the user's name.
 */
export function isSafe({ request: { method, upgrade } }: Exchange): boolean {
  return upgrade === '' && (method === 'GET' || method === 'HEAD' || method === 'OPTIONS');
}
