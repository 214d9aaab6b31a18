// The reverseRewrite filter: undoes in the upstream's response what the route's rewrite did to the request. public-address.ts says how.

import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterDefinition } from '../../exchange/filter.ts';
import type { ReverseRewriteConfig } from './config.ts';
import { publicCookie, publicReference, type Sides } from './public-address.ts';

/** The fields that hold one URL reference of the upstream's (RFC 9110 sections 8.7 and 10.2.2). */
const references = [
  ['location', 'Location'],
  ['content-location', 'Content-Location'],
] as const;

export const reverseRewriteFilter: FilterDefinition<ReverseRewriteConfig> = {
  name: 'reverseRewrite',
  build(config) {
    const hosts = config.hosts.map(host => host.toLowerCase());
    return {
      onResponse(exchange) {
        // A filter's or the gateway's own redirect is in public terms already.
        if (exchange.answeredBy !== 'upstream') return;
        const { headers } = exchange.response!;
        const cookies = headers.getAll('set-cookie');
        const present = references.filter(([name]) => headers.has(name));
        if (present.length === 0 && cookies.length === 0) return;
        const sides = sidesOf(exchange, hosts);
        for (const [name, written] of present) {
          // Of several fields a client may follow any, so all are turned back.
          const values = headers.getAll(name);
          headers.remove(name);
          for (const value of values) headers.appendTrusted(written, publicReference(value, sides));
        }
        const turned = cookies.map(cookie => publicCookie(cookie, sides));
        if (turned.every((cookie, i) => cookie === cookies[i])) return;
        headers.remove('set-cookie');
        for (const cookie of turned) headers.appendTrusted('Set-Cookie', cookie);
      },
    };
  },
};

function sidesOf({ client, request, route, endpoint }: Exchange, hosts: readonly string[]): Sides {
  const rewrite = route?.plan.rewrite ?? null;
  const own = [rewrite?.host, endpoint?.sentHost, endpoint?.authority, ...hosts];
  return {
    scheme: client.scheme,
    asked: request.authority.toLowerCase(),
    own: own.filter(host => host !== undefined && host !== '').map(host => host!.toLowerCase()),
    prefix: rewrite?.strippedFrom(request.path) ?? '',
  };
}
