// Makes a key of what a request asks for, under which its response is kept for the same request later. Two requests to which an upstream
// could respond differently must never have the same key: every field counts unless it is known not to affect the response.

import { CONSUMER_PREFIX } from '../../base/consumer-prefix.ts';
import type { Exchange } from '../exchange.ts';

/**
 * Fields by which responses do not differ, unless the response's Vary names them: then their values count as well (RFC 9111 section 4.1).
 * They describe the hop, the path to the gateway, or what the client accepts.
 */
const harmless = new Set([
  ...['host', 'date', 'content-length', 'connection', 'te', 'trailer', 'upgrade', 'keep-alive', 'priority', 'via'],
  ...['accept', 'accept-charset', 'accept-encoding', 'accept-language', 'cache-control', 'pragma', 'origin', 'referer'],
  ...['user-agent', 'dnt', 'upgrade-insecure-requests', 'save-data', 'from', 'sec-fetch-dest', 'sec-fetch-mode'],
  ...['sec-fetch-site', 'sec-fetch-user', 'sec-ch-ua', 'sec-ch-ua-mobile', 'sec-ch-ua-platform', 'sec-gpc'],
  ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range', 'range'],
  ...['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-port', 'x-real-ip'],
  ...['x-request-id', 'x-correlation-id', 'traceparent', 'tracestate', 'x-amzn-trace-id', 'cf-ray', 'cdn-loop'],
]);

/** Names of fields that identify the caller. */
const credential =
  /auth|cookie|token|jwt|(?:^|[-_.])(?:api)?[-_.]?key$|apikey|secret|session|signature|credential|cert|passw|consumer|user(?![-_]agent)|account|tenant/i;

/**
 * The gateway's own token for the upstream, which no client can send to a route that identifies callers. It is made anew again and again; the
 * key has what it says of the caller instead.
 */
const ownToken = `${CONSUMER_PREFIX}token`;

/** `everyone`: responses to requests that could be personal are not kept. `consumer`: only responses to identified callers are. */
export type KeptBy = 'everyone' | 'consumer';

/** The key of a request; null when its response is not kept and it gets no kept one. `ignored`: lower-case headers to leave out. */
export function cacheKeyOf(exchange: Exchange, by: KeptBy, ignored: ReadonlySet<string>): string | null {
  const { request, client, consumer, identity } = exchange;
  if ((request.method !== 'GET' && request.method !== 'HEAD') || request.hasBody || request.upgrade !== '') return null;
  const identified = consumer !== null || identity !== null;
  if (identified !== (by === 'consumer')) return null;
  if (by === 'everyone' && client.certificate !== null) return null;
  const fields: string[] = [];
  for (const [name, value] of request.headers) {
    const lower = name.toLowerCase();
    if (harmless.has(lower)) {
      if (lower === 'cache-control' && /no-store/i.test(value)) return null;
    } else if (identified && lower === ownToken) {
      fields.push(lower);
    } else if (lower === 'forwarded') {
      fields.push(...(value.match(/host=[^;,]*/gi) ?? []));
    } else if (credential.test(lower)) {
      if (by === 'everyone') return null;
      fields.push(lower, value);
    } else if (!ignored.has(lower)) fields.push(lower, value);
  }
  const { authority, path, query } = request;
  return JSON.stringify([
    [client.scheme, authority, path, request.hasQuery, query],
    identified ? whoOf(exchange) : null,
    fields,
  ]);
}

/** The key of one variant of a request: with its values of the fields that the response's Vary names. */
export function variantOf(cacheKey: string, { request }: Exchange, vary: readonly string[]): string {
  return JSON.stringify([cacheKey, vary.map(name => [name, request.headers.getAll(name)])]);
}

function whoOf({ consumer, identity, client }: Exchange): unknown[] {
  return [
    ...(consumer === null ? [null] : [consumer.name, consumer.tenant, consumer.plan, consumer.groups]),
    ...(identity === null ? [] : [identity.by, identity.subject, identity.keyId, identity.scopes]),
    identity?.claims?.['iss'] ?? null,
    client.certificate?.fingerprint ?? null,
  ];
}
