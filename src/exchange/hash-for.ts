// The hash by which an upstream's balancer distinguishes requests: the same for every attempt of one request.

import { hashText } from '../base/hash.ts';
import { queryValue } from '../http/query.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Exchange } from './exchange.ts';

/** The hash of what `hashOn` names, or of the client's address where the request has no such value; 0 when the upstream does not hash. */
export function hashFor(exchange: Exchange, upstream: Upstream): number {
  const { hashOn } = upstream.spec;
  if (hashOn === null) return 0;
  const { source, name } = hashOn;
  const { request, client } = exchange;
  let text: string | undefined;
  if (source === 'header') text = request.headers.get(name);
  else if (source === 'cookie') text = exchange.cookie(name);
  else if (source === 'query') text = queryValue(request.query, name);
  else if (source === 'path') text = request.path;
  return hashText(text ?? client.ip);
}
