// Whether an upstream's endpoints fit its protocol. HTTP/2 over TLS and in plain text have two names, so that nobody gets one instead of
// the other.

import type { UpstreamConfig } from '../config.ts';
import type { DiscoverConfig } from '../discover-config.ts';

/**
 * What is wrong with the protocol for these endpoints, for the operator; null when they fit it. What a file of `discover` lists is checked
 * when the file is read, by `schemeMisfit`.
 */
export function protocolMisfit(
  protocol: UpstreamConfig['protocol'],
  endpoints: readonly { readonly tls: boolean }[],
  discover: DiscoverConfig | undefined,
): string | null {
  if (discover !== undefined && discover.kind !== 'file') {
    if ((protocol === 'h2' || protocol === 'auto') && !discover.tls)
      return `\`${protocol}\` needs \`scheme: https\` in \`discover\`; HTTP/2 in plain text is \`h2c\``;
    if (protocol === 'h2c' && discover.tls)
      return '`h2c` is plain text and contradicts `scheme: https` in `discover`; HTTP/2 over TLS is `h2`';
  }
  for (const { tls } of endpoints) {
    const misfit = schemeMisfit(protocol, tls);
    if (misfit !== null) return misfit;
  }
  return null;
}

/** The same for one endpoint: whether its URL begins with `https://` as the protocol demands. */
export function schemeMisfit(protocol: UpstreamConfig['protocol'], tls: boolean): string | null {
  if ((protocol === 'h2' || protocol === 'auto') && !tls)
    return `\`${protocol}\` needs https:// endpoints; HTTP/2 in plain text is \`h2c\``;
  if (protocol === 'h2c' && tls) return '`h2c` is plain text and needs http:// endpoints; HTTP/2 over TLS is `h2`';
  return null;
}
