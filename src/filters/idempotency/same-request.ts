// When a request is the same as another one: the same caller with the same key asks the same of the same route.

import { hash } from 'node:crypto';
import { hashText } from '../../base/hash.ts';
import type { Exchange } from '../../exchange/exchange.ts';

/** Whose key it is, and of which route: requests that share this are duplicates, or misuse the key. */
export function keyDigest(exchange: Exchange, key: string): Buffer {
  // Because: the name of the exchange's route, since a filter of all routes is built for none.
  const parts = JSON.stringify([exchange.routeName, callerOf(exchange), key]);
  return hash('sha256', parts, 'buffer').subarray(0, 16);
}

/** What is asked: a key that comes with another one of these is refused. */
export function fingerprintOf(exchange: Exchange): number {
  const { method, authority, path, query, contentLength, headers } = exchange.request;
  const type = headers.get('content-type');
  const question = `${method} ${authority}${path}?${query} ${contentLength} ${type} ${unknownCredential(exchange)}`;
  return hashText(question) | 0;
}

/**
 * Nobody else's answer is ever given to a caller: neither that of another user of the same consumer, nor that of a user whom another
 * issuer calls the same.
 */
function callerOf({ consumer, identity, client }: Exchange): readonly unknown[] {
  if (identity === null) return consumer === null ? ['ip', client.ip] : [consumer.name];
  const { by, subject, keyId, claims } = identity;
  if (consumer === null) return [null, by, claims?.['iss'] ?? null, subject, keyId];
  // Because: a request that is sent again with the consumer's next key is the same request, and a certificate is replaced as well.
  return subject === keyId ? [consumer.name] : [consumer.name, by, claims?.['iss'] ?? null, subject];
}

/**
 * What only the upstream can judge: of callers behind one address, who brings another credential is refused (422), neither given the answer
 * of the first nor taken for somebody new, since a credential that changes with each try would have the thing done twice.
 */
function unknownCredential({ consumer, identity, request }: Exchange): string {
  return consumer === null && identity === null ? (request.headers.get('authorization') ?? '') : '';
}
