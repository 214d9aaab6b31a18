// Discovery by A and AAAA records: every address of a name is an endpoint, on one port.

import type { Discovery } from './discovery.ts';
import { dnsSettingsOf } from './dns-settings.ts';
import { Refresh } from './refresh.ts';
import { resolverFor } from './resolver-for.ts';

export const dnsAddresses: Discovery = {
  kind: 'dns',
  start(spec, outlet) {
    const settings = dnsSettingsOf(spec);
    const { name, port, tls, family } = settings;
    const resolver = resolverFor(settings);
    const look = async () => {
      const { addresses, ttlSeconds } = await resolver.addresses(name, family);
      const endpoints = addresses.map(address => ({ address, port, tls, weight: 1, zone: '', name }));
      return { endpoints, keptMs: ttlSeconds * 1_000 };
    };
    return new Refresh(look, { ...settings, subject: `dns ${name}` }, outlet);
  },
};
