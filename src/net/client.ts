// Who is at the other end of a client connection, as far as the connection itself tells. One object a connection.

import type { ClientCertificate } from './tls/client-certificate.ts';

/** `ip` is the believed address: the socket's, or the one that a trusted proxy reported. */
export interface Client {
  readonly ip: string;
  readonly port: number;
  /** The socket's own address, whatever a proxy reported. */
  readonly socketIp: string;
  /** Whether the socket's peer is one of the listener's `trustedProxies`. */
  readonly trusted: boolean;
  /** `https` when the client's request came over TLS, here or at a trusted proxy. */
  readonly scheme: 'http' | 'https';
  /** The client's own, verified; null without TLS, and where none was asked for or shown. */
  readonly certificate: ClientCertificate | null;
  /** Its part of an access log line, made once; empty while unknown. */
  readonly logPart: string;
  /** What is told of the client to upstreams, made at the first request and kept while the next ones name the same host. */
  forwarded: ForwardedLines | null;
}

/** Forwarding fields as text, and what they were made for. */
export interface ForwardedLines {
  readonly authority: string;
  readonly version: string;
  readonly lines: string;
}
