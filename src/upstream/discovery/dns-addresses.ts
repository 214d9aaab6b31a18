// Discovery by A and AAAA records: every address of a name is an endpoint, on one port.

import type { Discovery } from './discovery.ts';
import { troubleOf, withKnown } from './dns/resolver.ts';
import { dnsSettingsOf } from './dns-settings.ts';
import { knownBefore } from './known-before.ts';
import { Refresh } from './refresh.ts';
import { resolverFor } from './resolver-for.ts';

export const dnsAddresses: Discovery = {
  kind: 'dns',
  originOf: spec => dnsSettingsOf(spec).name,
  start(spec, outlet, running) {
    const settings = dnsSettingsOf(spec);
    const { name, port, tls, family } = settings;
    const resolver = resolverFor(settings);
    const before = knownBefore(running, settings);
    let known: readonly string[] = before.endpoints.map(({ address }) => address);
    const look = async () => {
      const found = await resolver.addresses(name, family);
      const { ttlSeconds, failed } = found;
      known = withKnown(found, known);
      const endpoints = known.map(address => ({ address, port, tls, weight: 1, zone: '', name }));
      return { endpoints, validMs: ttlSeconds * 1_000, trouble: troubleOf(failed) };
    };
    return new Refresh(look, { ...settings, subject: `dns ${name}`, before }, outlet);
  },
};
