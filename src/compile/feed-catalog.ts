// Every kind of feed, in one list: what brings values from outside to filters and upstreams. Each runs once, in the supervisor.

import { readEndpointFile } from '../config/endpoint-file.ts';
import type { FeedSource } from '../store/feed.ts';
import { jwksSource } from '../store/jwks/jwks-source.ts';
import { limitsSource } from '../store/redis/shared/limits-source.ts';
import { revocationSource } from '../store/revocation/revocation-source.ts';
import { dnsAddresses } from '../upstream/discovery/dns-addresses.ts';
import { dnsServices } from '../upstream/discovery/dns-services.ts';
import { endpointFile } from '../upstream/discovery/endpoint-file.ts';

/** Endpoints of a file, in the language of the configuration. */
const endpointFiles = endpointFile((text, file) =>
  readEndpointFile(text, file).map(({ host, port, tls, weight, zone }) => {
    return { address: host, port, tls, weight, zone, name: '' };
  }),
);

const sources: readonly FeedSource<unknown>[] = [
  dnsAddresses,
  dnsServices,
  endpointFiles,
  jwksSource,
  limitsSource,
  revocationSource,
];

/** By kind, as the supervisor asks for them. */
export const feedSources: ReadonlyMap<string, FeedSource<unknown>> = new Map(
  sources.map(source => [source.kind, source]),
);
