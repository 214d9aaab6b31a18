// Who the client is when proxies stand in front, and the fields that tell the upstream (RFC 7239 and its predecessors).

import { flatText } from '../base/latin1.ts';
import { HeaderId } from '../http/header-names.ts';
import type { Headers } from '../http/headers.ts';
import type { Client } from '../net/client.ts';
import type { Exchange, ExchangeRequest } from './exchange.ts';

/** Whether an address belongs to a proxy whose word is believed. */
export type IsTrusted = (ip: string) => boolean;

/** Whom a listener believes, and how far. */
export interface Trust {
  readonly isTrusted: IsTrusted;
  /** Whether trusted proxies may tell of their client's certificate. */
  readonly keepsClientCertificateHeaders: boolean;
}

const certificateClaims = new Uint8Array(64);
for (const id of [HeaderId.xForwardedClientCert, HeaderId.clientCert, HeaderId.clientCertChain]) {
  certificateClaims[id] = 1;
}
const claims = certificateClaims.slice();
for (const id of [
  HeaderId.forwarded,
  HeaderId.xForwardedFor,
  HeaderId.xForwardedProto,
  HeaderId.xForwardedHost,
  HeaderId.xForwardedPort,
  HeaderId.xRealIp,
]) {
  claims[id] = 1;
}

const addressForm = /^[0-9a-fA-F:.]{2,45}$/;

/**
 * The client of a request. What a stranger says of himself in forwarding fields is taken out of the head before
 * anybody reads it; what a trusted proxy says is believed, from the right, up to the first address that is not trusted.
 */
export function clientOf(connectionClient: Client, request: ExchangeRequest, trust: Trust): Client {
  const { headers } = request;
  if (!connectionClient.trusted) {
    headers.removeMasked(claims);
    return connectionClient;
  }
  if (!trust.keepsClientCertificateHeaders) headers.removeMasked(certificateClaims);
  const claimed = believedAddress(headers.getJoined('x-forwarded-for'), trust.isTrusted);
  const proto = headers.getById(HeaderId.xForwardedProto);
  const scheme = proto === 'https' || proto === 'http' ? proto : connectionClient.scheme;
  if (claimed === null && scheme === connectionClient.scheme) return connectionClient;
  return {
    ip: claimed ?? connectionClient.ip,
    port: claimed === null ? connectionClient.port : 0,
    socketIp: connectionClient.socketIp,
    trusted: true,
    scheme,
    certificate: connectionClient.certificate,
    logPart: '',
    forwarded: null,
  };
}

function believedAddress(list: string | undefined, isTrusted: IsTrusted): string | null {
  if (list === undefined) return null;
  const addresses = list.split(',');
  let believed: string | null = null;
  for (let i = addresses.length - 1; i >= 0; i--) {
    const address = addresses[i]!.trim();
    // An address that cannot be read ends what can be believed.
    if (!addressForm.test(address)) return believed;
    believed = address;
    if (!isTrusted(address)) return believed;
  }
  return believed;
}

/** Forwarding and Via fields for the upstream as lines. What a trusted proxy in front said is continued. */
export function forwardedLines(exchange: Exchange): string {
  const { client, request } = exchange;
  const { authority, version } = request;
  if (client.trusted) {
    // Once: the fields that are continued are taken out of the head, and another attempt is to say the same.
    if (exchange.attempts === 1) exchange.continuedLines = continuedLines(client, request.headers, authority, version);
    return exchange.continuedLines;
  }
  const { forwarded } = client;
  if (forwarded !== null && forwarded.authority === authority && forwarded.version === version) return forwarded.lines;
  const lines = flatText(
    `X-Forwarded-For: ${client.ip}\r\nX-Forwarded-Proto: ${client.scheme}\r\n` +
      (authority === '' ? '' : `X-Forwarded-Host: ${authority}\r\n`) +
      `Forwarded: ${element(client.ip, authority, client.scheme)}\r\nVia: ${viaVersion(version)} cardea\r\n` +
      (client.certificate === null ? '' : client.certificate.forwardedLines),
  );
  client.forwarded = { authority, version, lines };
  return lines;
}

function continuedLines(client: Client, headers: Headers, authority: string, version: string): string {
  const before = headers.getJoined('x-forwarded-for');
  const forwarded = headers.getJoined('forwarded');
  const host = headers.getById(HeaderId.xForwardedHost) ?? authority;
  const own = element(client.socketIp, '', '');
  headers.removeById(HeaderId.xForwardedFor);
  headers.removeById(HeaderId.forwarded);
  headers.removeById(HeaderId.xForwardedHost);
  headers.removeById(HeaderId.xForwardedProto);
  return (
    `X-Forwarded-For: ${before === undefined ? client.socketIp : `${before}, ${client.socketIp}`}\r\n` +
    `X-Forwarded-Proto: ${client.scheme}\r\n${host === '' ? '' : `X-Forwarded-Host: ${host}\r\n`}` +
    `Forwarded: ${forwarded === undefined ? element(client.socketIp, host, client.scheme) : `${forwarded}, ${own}`}\r\n` +
    `Via: ${viaVersion(version)} cardea\r\n${ownCertificateLines(client, headers)}`
  );
}

/** The trusted proxy's own certificate. Where it told of its client's in RFC 9440's fields, which hold one, that stands. */
function ownCertificateLines({ certificate }: Client, headers: Headers): string {
  if (certificate === null || headers.getById(HeaderId.clientCert) !== undefined) return '';
  return certificate.forwardedLines;
}

function viaVersion(version: string): string {
  return version === '2' ? '2.0' : version;
}

/** One forwarded-element (RFC 7239 section 4): IPv6 addresses and hosts with a port are quoted. */
function element(ip: string, authority: string, scheme: string): string {
  let text = ip.includes(':') ? `for="[${ip}]"` : `for=${ip}`;
  if (authority !== '') text += authority.includes(':') ? `;host="${authority}"` : `;host=${authority}`;
  return scheme === '' ? text : `${text};proto=${scheme}`;
}
