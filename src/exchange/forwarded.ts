// Who the client is behind proxies, and the fields that forward this to the upstream (RFC 7239 and its predecessors).

import { canonicalIpv6, parseIpv4 } from '../base/ip-address.ts';
import { flatText } from '../base/latin1.ts';
import { certificateIds, forwardingIds } from '../http/forwarding-ids.ts';
import { HeaderId, headerIdOf } from '../http/header-names.ts';
import type { Headers } from '../http/headers.ts';
import type { Client } from '../net/client.ts';
import type { Exchange, ExchangeRequest } from './exchange.ts';

/** Whether an address belongs to a trusted proxy. */
export type IsTrusted = (ip: string) => boolean;

/** Which proxies a listener trusts, and how far. */
export interface Trust {
  readonly isTrusted: IsTrusted;
  /** Whether trusted proxies may forward their client's certificate. */
  readonly keepsClientCertificateHeaders: boolean;
}

const certificateClaims = maskOf(certificateIds);
const claims = maskOf(forwardingIds);

function maskOf(ids: readonly number[]): Uint8Array {
  const mask = new Uint8Array(64);
  for (const id of ids) mask[id] = 1;
  return mask;
}

/** Whether this field, by its name in lower case, is removed from all requests but those of trusted proxies. */
export function isForwardingClaim(name: string): boolean {
  return claims[headerIdOf(name)] === 1;
}

/** Forms that some proxies write: an IPv6 address in brackets, and a port after either kind of address. */
const bracketed = /^\[([0-9a-fA-F:.]+)\](?::[0-9]{1,5})?$/;
const withPort = /^([0-9.]+):[0-9]{1,5}$/;

/** An address as a proxy writes it, in the one form that is compared and logged; null when the text is no address. */
function addressOf(written: string): string | null {
  const text = bracketed.exec(written)?.[1] ?? withPort.exec(written)?.[1] ?? written;
  if (parseIpv4(text) !== -1) return text;
  return canonicalIpv6(text);
}

/**
 * The client of a request. Forwarding fields of an untrusted peer are removed from the head before anything reads it. The X-Forwarded-For
 * of a trusted proxy is read from the right, up to the first address that is not trusted: that is the client's.
 */
export function clientOf(connectionClient: Client, request: ExchangeRequest, trust: Trust): Client {
  const { headers } = request;
  if (!connectionClient.trusted) {
    headers.removeMasked(claims);
    return connectionClient;
  }
  if (!trust.keepsClientCertificateHeaders) headers.removeMasked(certificateClaims);
  const claimed = believedAddress(headers.getJoined('x-forwarded-for'), trust.isTrusted);
  // If it is given twice, one is the client's and one the proxy's, and it is unknown which.
  const proto = headers.getUnrepeatedById(HeaderId.xForwardedProto);
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
    const address = addressOf(addresses[i]!.trim());
    // An address that cannot be read ends what can be believed.
    if (address === null) return believed;
    believed = address;
    if (!isTrusted(address)) return believed;
  }
  return believed;
}

/** The forwarding and Via header lines for the upstream. Those of a trusted proxy in front are continued. */
export function forwardedLines(exchange: Exchange): string {
  const { client, request } = exchange;
  const { authority, version } = request;
  if (client.trusted) return exchange.continuedLines;
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

/** Removes the forwarding fields of a trusted proxy from the head, and returns lines that continue them with the proxy's own address. */
export function continuedLines(client: Client, headers: Headers, authority: string, version: string): string {
  const before = headers.getJoined('x-forwarded-for');
  const forwarded = headers.getJoined('forwarded');
  const host = headers.getUnrepeatedById(HeaderId.xForwardedHost) ?? authority;
  const own = element(client.socketIp, '', '');
  headers.removeById(HeaderId.xForwardedFor);
  headers.removeById(HeaderId.forwarded);
  headers.removeById(HeaderId.xForwardedHost);
  headers.removeById(HeaderId.xForwardedProto);
  return (
    `X-Forwarded-For: ${before === undefined ? client.socketIp : `${before}, ${client.socketIp}`}\r\n` +
    `X-Forwarded-Proto: ${client.scheme}\r\n${host === '' ? '' : `X-Forwarded-Host: ${host}\r\n`}` +
    `Forwarded: ${forwarded === undefined ? begun(client, host) : `${forwarded}, ${own}`}\r\n` +
    `Via: ${viaVersion(version)} cardea\r\n${ownCertificateLines(client, headers)}`
  );
}

/**
 * Forwarded where the trusted proxy sends only X-Forwarded-For, as most do: the client comes first there, since services that read both
 * prefer Forwarded. What stands before the believed address is left out.
 */
function begun({ ip, socketIp, scheme }: Client, host: string): string {
  const first = element(ip, host, scheme);
  return ip === socketIp ? first : `${first}, ${element(socketIp, '', '')}`;
}

/**
 * The trusted proxy's own certificate; nothing if the proxy sent its client's in the fields of RFC 9440, which hold one: that one stays.
 */
function ownCertificateLines({ certificate }: Client, headers: Headers): string {
  if (certificate === null || headers.getById(HeaderId.clientCert) !== undefined) return '';
  return certificate.forwardedLines;
}

function viaVersion(version: string): string {
  return version === '2' ? '2.0' : version;
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** A host as a quoted string. The one that a proxy in front received may contain anything, and must not look like another element. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** One forwarded-element (RFC 7239 section 4): IPv6 addresses and hosts with a port are quoted. */
function element(ip: string, authority: string, scheme: string): string {
  let text = ip.includes(':') ? `for="[${ip}]"` : `for=${ip}`;
  if (authority !== '') text += `;host=${token.test(authority) ? authority : quoted(authority)}`;
  return scheme === '' ? text : `${text};proto=${scheme}`;
}
