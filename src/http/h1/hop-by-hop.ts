// Removes the hop-by-hop fields from a head: those that concern only the connection on which it arrived (RFC 9110 section 7.6.1).

import { forwardingIds } from '../forwarding-ids.ts';
import { HeaderId, headerNames } from '../header-names.ts';
import type { Headers } from '../headers.ts';
import { ConnectionOption } from './field-lines.ts';

const singleHop = new Uint8Array(64);
for (const id of [
  HeaderId.connection,
  HeaderId.keepAlive,
  HeaderId.proxyConnection,
  HeaderId.te,
  HeaderId.upgrade,
  HeaderId.transferEncoding,
  HeaderId.proxyAuthenticate,
  HeaderId.proxyAuthorization,
  HeaderId.http2Settings,
]) {
  singleHop[id] = 1;
}

/**
 * What Connection cannot remove: a proxy in front adds these fields, and may pass its client's Connection on, as HAProxy does. If that could
 * name them, a stranger would be taken for the proxy itself.
 */
const ofProxies: ReadonlySet<string> = new Set(forwardingIds.map(id => headerNames[id]!));

/** Removes the hop-by-hop fields, and the fields that Connection names; `connection` holds `ConnectionOption` bits. */
export function removeHopByHop(headers: Headers, connection: number): void {
  if ((connection & ConnectionOption.named) !== 0) {
    for (const value of headers.getAll('connection')) {
      for (const option of value.split(',')) {
        const name = option.trim().toLowerCase();
        // The other options are names of fields too, which are removed in any case.
        if (name !== 'close' && !ofProxies.has(name)) headers.remove(name);
      }
    }
  }
  headers.removeMasked(singleHop);
}
