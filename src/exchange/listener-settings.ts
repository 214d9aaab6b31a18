// The settings that a listener passes to the connections that it accepts. Types only.

import type { Http2Limits } from '../net/h2/http2-limits.ts';
import type { ServerTls } from '../net/tls/server-tls.ts';

export interface ListenerSettings {
  /** Identifies the listener over reloads. */
  readonly key: string;
  readonly port: number;
  readonly proxyProtocol: boolean;
  /** CIDR blocks whose forwarding headers and PROXY headers are believed. */
  readonly trustedProxies: readonly string[];
  /** The protocols of the listener; `http/1.1` alone when left out. */
  readonly protocols?: readonly string[];
  readonly http2?: Http2Limits;
  /** Whether trusted proxies may forward their client's certificate. */
  readonly keepsClientCertificateHeaders: boolean;
  /** Null for plain text. */
  readonly tls: ServerTls | null;
}
