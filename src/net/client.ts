// What a client connection itself tells about the client at its other end. One object per connection.

import type { ClientCertificate } from './tls/client-certificate.ts';

/** `ip` and `port` are the believed ones: the socket's, or those that a trusted proxy reported (`port` 0 when it reported none). */
export interface Client {
  readonly ip: string;
  readonly port: number;
  /** The socket's own address, whatever a proxy reported. */
  readonly socketIp: string;
  /** Whether forwarding fields are believed: the socket's peer is one of the `trustedProxies`, and no PROXY header gave the address. */
  readonly trusted: boolean;
  /** `https` when the client's request came over TLS, here or at a trusted proxy. */
  readonly scheme: 'http' | 'https';
  /** The client's own certificate, verified; null without TLS, when none was requested, and when the client sent none. */
  readonly certificate: ClientCertificate | null;
  /** The client's part of an access log line, made once per connection; when empty, the log makes it from `ip`. */
  readonly logPart: string;
  /** The forwarding fields for upstreams, made at the first request and reused while later requests name the same host. Null before. */
  forwarded: ForwardedLines | null;
}

/** Forwarding fields as text (`lines`), and the authority and HTTP version of the requests that they are valid for. */
export interface ForwardedLines {
  readonly authority: string;
  readonly version: string;
  readonly lines: string;
}
