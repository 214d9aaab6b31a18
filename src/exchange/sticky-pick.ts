// Chooses the endpoint that a client had before, by its cookie, where the upstream has session affinity.

import { cookieValue } from '../http/cookies.ts';
import { HeaderId } from '../http/header-names.ts';
import type { Affinity } from '../upstream/affinity.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Exchange } from './exchange.ts';

/** As `upstream.pick`. A client that gets another endpoint than it had is told so with the answer. */
export function stickyPick(
  exchange: Exchange,
  upstream: Upstream,
  affinity: Affinity,
  hash: number,
  tried: readonly Endpoint[] | null,
): Endpoint | undefined {
  const word = cookieValue(exchange.request.headers.getById(HeaderId.cookie), affinity.spec.cookie);
  const known = word === undefined ? undefined : affinity.find(word);
  exchange.affinityCookie = '';
  if (known !== undefined && !tried?.includes(known) && upstream.mayUse(known)) return known;
  const picked = upstream.pick(hash, tried);
  if (picked !== undefined && picked !== known) {
    exchange.affinityCookie = affinity.cookieFor(picked, exchange.client.scheme === 'https');
  }
  return picked;
}
