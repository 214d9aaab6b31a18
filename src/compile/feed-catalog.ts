// The list of all kinds of feeds. A feed brings values from outside to filters and upstreams. Each feed runs once, in the supervisor,
// which loads its source when a configuration needs it.

import type { FeedSource } from '../store/feed.ts';

/** The source of feeds that read endpoints from a file, which is written in the language of the configuration. */
async function endpointFiles(): Promise<FeedSource<unknown>> {
  const { endpointFile } = await import('../upstream/discovery/endpoint-file.ts');
  const { readEndpointFile } = await import('../config/endpoint-file.ts');
  return endpointFile((text, file, protocol) =>
    readEndpointFile(text, file, protocol).map(({ host, port, tls, weight, zone, backup }) => {
      return { address: host, port, tls, weight, zone, name: '', ...(backup && { backup }) };
    }),
  );
}

/** Loaders of feed sources, by kind of feed. */
export const feedSources: ReadonlyMap<string, () => Promise<FeedSource<unknown>>> = new Map<
  string,
  () => Promise<FeedSource<unknown>>
>([
  ['dns', async () => (await import('../upstream/discovery/dns-addresses.ts')).dnsAddresses],
  ['srv', async () => (await import('../upstream/discovery/dns-services.ts')).dnsServices],
  ['endpointFile', endpointFiles],
  ['jwks', async () => (await import('../store/jwks/jwks-source.ts')).jwksSource],
  ['limits', async () => (await import('../store/redis/shared/limits-source.ts')).limitsSource],
  ['provider', async () => (await import('../store/provider/provider-source.ts')).providerSource],
  ['revocation', async () => (await import('../store/revocation/revocation-source.ts')).revocationSource],
]);
