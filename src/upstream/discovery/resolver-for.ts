// Creates the resolver for some settings. A file of its own, so that code that only names a feed does not load the DNS client.

import type { DnsServer } from './dns/dns-query.ts';
import { Resolver } from './dns/resolver.ts';
import type { DnsSettings } from './dns-settings.ts';

export function resolverFor({ servers, timeoutMs }: DnsSettings): Resolver {
  const named: DnsServer[] = servers.map(([host, port]) => ({ host, port }));
  return new Resolver({ servers: named, timeoutMs });
}
