// What the running lookup of a name has found, in the terms of the settings that a reload has changed: while DNS is away, it stays in use.

import type { RunningFeed } from '../../store/feed.ts';
import { ofFamily } from './dns/resolver.ts';
import type { DnsSettings } from './dns-settings.ts';
import { type KnownEndpoints, Refresh } from './refresh.ts';

/** `before` is a lookup of the same name, by whatever servers. Ports of SRV records stay, for which `port` is 0. */
export function knownBefore(before: RunningFeed | undefined, { family, port, tls }: DnsSettings): KnownEndpoints {
  if (!(before instanceof Refresh)) return { endpoints: [], answeredAt: 0 };
  const { endpoints, answeredAt } = before.last;
  const addresses = new Set(ofFamily([...new Set(endpoints.map(({ address }) => address))], family));
  return {
    endpoints: endpoints
      .filter(({ address }) => addresses.has(address))
      .map(each => ({ ...each, tls, port: port === 0 ? each.port : port })),
    answeredAt,
  };
}
