// When two requests are the same: the same caller sends the same request with the same key to the same route.

import { hash } from 'node:crypto';
import { CONSUMER_PREFIX } from '../../base/consumer-prefix.ts';
import { hashText } from '../../base/hash.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Identity } from '../../exchange/identity/consumer.ts';

/** The gateway's own token for the upstream is made anew again and again, also while the caller sends the same request again. */
const OWN_TOKEN = `${CONSUMER_PREFIX}token`;

/** Identifies the key, its owner and the route: requests with the same digest are duplicates, or misuse the key. */
export function keyDigest(exchange: Exchange, key: string): Buffer {
  // Because: this must be the exchange's route, since a filter of the global chain is not built for a route.
  const parts = JSON.stringify([exchange.routeName, callerOf(exchange), key]);
  return hash('sha256', parts, 'buffer').subarray(0, 16);
}

const boundary = /;[ \t]*boundary=(?:"[^"]*"|[^;]*)/i;

/** Identifies what is requested, by a 32-bit hash: a key that is sent again with a different fingerprint is refused. */
export function fingerprintOf(exchange: Exchange): number {
  const { method, authority, path, query, contentLength, headers } = exchange.request;
  // Because: each time a client library sends a form, it makes a new boundary, of the same length.
  const type = headers.get('content-type')?.replace(boundary, '');
  const question = `${method} ${authority}${path}?${query} ${contentLength} ${type} ${unnamedCredential(exchange)}`;
  return hashText(question) | 0;
}

/**
 * The owner of a key. A response is never given to another caller: neither to another user of the same consumer, nor to a user of another
 * issuer with the same name. Callers whom no filter has named are told apart by their address, and by `unnamedCredential`.
 */
function callerOf({ consumer, identity, client }: Exchange): readonly unknown[] {
  // Because: many strangers may pass as one consumer.
  if (identity === null || (consumer === null && isNameless(identity))) return ['ip', client.ip];
  const { by, subject, keyId, claims } = identity;
  if (consumer === null) return [null, by, claims?.['iss'] ?? null, subject, keyId];
  // Because: a request that is repeated with the consumer's next key or certificate is still the same request.
  return subject === keyId ? [consumer.name] : [consumer.name, by, claims?.['iss'] ?? null, subject];
}

/** Whether it says nothing of who calls: an outside service that only admits, or a token without `sub`, admits everyone under this identity. */
function isNameless(identity: Identity | null): boolean {
  return identity === null || (identity.subject === '' && identity.keyId === '');
}

/**
 * The credential of a caller whom only the upstream, or the service that admitted it, can tell from others, as part of the fingerprint. A
 * caller with another credential is refused (422). Giving it the first response would be wrong, and so would treating it as new: a credential
 * that changes with each attempt would execute the request twice.
 */
function unnamedCredential({ identity, request, snapshot }: Exchange): string {
  const { headers } = request;
  if (!isNameless(identity)) return '';
  if (identity === null) return headers.get('authorization') ?? '';
  const shown: string[] = [];
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    const isOfCaller = lower === 'authorization' || lower === 'cookie' || snapshot.identityHeaders?.has(lower) === true;
    if (isOfCaller && lower !== OWN_TOKEN) shown.push(lower, value);
  }
  return JSON.stringify(shown);
}
