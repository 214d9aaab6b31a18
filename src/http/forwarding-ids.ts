// The fields in which proxies tell those behind them who the client is, and how and for what it came. Knows not whose are believed.

import { HeaderId } from './header-names.ts';

/** Those about the client's certificate, by `HeaderId`. */
export const certificateIds: readonly number[] = [
  HeaderId.xForwardedClientCert,
  HeaderId.clientCert,
  HeaderId.clientCertChain,
];

/** All of them. */
export const forwardingIds: readonly number[] = [
  ...certificateIds,
  HeaderId.forwarded,
  HeaderId.xForwardedFor,
  HeaderId.xForwardedProto,
  HeaderId.xForwardedHost,
  HeaderId.xForwardedPort,
  HeaderId.xRealIp,
  // Frameworks build links, and decide whether the client used TLS, by these as well.
  HeaderId.xForwardedPrefix,
  HeaderId.xForwardedServer,
  HeaderId.xForwardedSsl,
  HeaderId.xForwardedScheme,
  HeaderId.frontEndHttps,
  HeaderId.xForwardedProtocol,
  // Proxies tell services behind them, and services that decide about requests, what was asked and by whom.
  HeaderId.xForwardedUri,
  HeaderId.xForwardedMethod,
  HeaderId.xForwardedTlsClientCert,
  HeaderId.xForwardedTlsClientCertInfo,
];
