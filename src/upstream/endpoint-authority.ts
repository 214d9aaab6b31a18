// The authority (host, with the port where it is not the scheme's own) by which an endpoint is asked. Decides nothing about who is asked.

import { isSocketPath } from '../base/socket-path.ts';

/** As `Host` and `:authority` have it: an IPv6 address in brackets, and no port that the scheme implies. */
export function endpointAuthority(place: {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}): string {
  const { host, port, tls } = place;
  // As nginx has it. Services behind a socket are asked for no name of their own.
  if (isSocketPath(host)) return 'localhost';
  const name = host.includes(':') ? `[${host}]` : host;
  return port === (tls ? 443 : 80) ? name : `${name}:${port}`;
}
