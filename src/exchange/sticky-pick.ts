// Chooses the endpoint that a client had before, by its cookie, if the upstream has session affinity.

import { cookieValue } from '../http/cookies.ts';
import { HeaderId } from '../http/header-names.ts';
import type { Affinity } from '../upstream/affinity.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Exchange } from './exchange.ts';

/**
 * As `upstream.pick`, but prefers the client's endpoint. A client that gets a different endpoint than before gets a new cookie with the
 * response.
 */
export function stickyPick(
  exchange: Exchange,
  upstream: Upstream,
  affinity: Affinity,
  hash: number,
  tried: readonly Endpoint[] | null,
): Endpoint | undefined {
  const known = knownBefore(exchange, affinity);
  if (known !== undefined && !tried?.includes(known) && upstream.mayUse(known)) {
    exchange.affinityCookie = '';
    return known;
  }
  const picked = upstream.pick(hash, tried);
  if (picked !== undefined) stickTo(exchange, affinity, picked);
  return picked;
}

/** Sets the cookie for the endpoint that will respond, whichever was picked before; no cookie if the client has it already. */
export function stickTo(exchange: Exchange, affinity: Affinity, endpoint: Endpoint): void {
  exchange.affinityCookie =
    endpoint === knownBefore(exchange, affinity)
      ? ''
      : affinity.cookieFor(endpoint, exchange.client.scheme === 'https');
}

function knownBefore({ request }: Exchange, affinity: Affinity): Endpoint | undefined {
  const token = cookieValue(request.headers.getById(HeaderId.cookie), affinity.spec.cookie);
  return token === undefined ? undefined : affinity.byToken(token);
}
