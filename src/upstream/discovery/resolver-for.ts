// The resolver that settings ask for. Apart from them, so that whoever only names a feed does not load what speaks DNS.

import type { DnsServer } from './dns/dns-query.ts';
import { Resolver } from './dns/resolver.ts';
import type { DnsSettings } from './dns-settings.ts';

export function resolverFor({ servers, timeoutMs }: DnsSettings): Resolver {
  const named: DnsServer[] = servers.map(([host, port]) => ({ host, port }));
  return new Resolver({ servers: named, timeoutMs });
}
