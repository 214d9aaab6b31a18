// Discovery by SRV records (RFC 2782): target, port and weight of each endpoint. Uses the priority with the lowest number among those with
// a target that has an address; the next one of them is the backup.

import type { DiscoveredEndpoint, Discovery } from './discovery.ts';
import type { ServiceRecord } from './dns/answers.ts';
import { LookupError, type Resolver, withKnown } from './dns/resolver.ts';
import { type DnsSettings, dnsSettingsOf } from './dns-settings.ts';
import { knownBefore } from './known-before.ts';
import { type Look, Refresh } from './refresh.ts';
import { resolverFor } from './resolver-for.ts';

export const dnsServices: Discovery = {
  kind: 'srv',
  originOf: spec => dnsSettingsOf(spec).name,
  start(spec, outlet, running) {
    const settings = dnsSettingsOf(spec);
    const lookup = new ServiceLookup(resolverFor(settings), settings);
    const before = knownBefore(running, settings);
    return new Refresh(() => lookup.look(), { ...settings, subject: `srv ${settings.name}`, before }, outlet);
  },
};

/** The addresses found for one target. */
interface Target {
  readonly addresses: readonly string[];
  readonly ttlSeconds: number;
}

export class ServiceLookup {
  private readonly resolver: Resolver;
  private readonly settings: DnsSettings;
  /** Targets of the last look by name: a target whose lookup fails keeps these addresses, while the others are updated. */
  private targets: ReadonlyMap<string, Target> = new Map();

  constructor(resolver: Resolver, settings: DnsSettings) {
    this.resolver = resolver;
    this.settings = settings;
  }

  /** Rejects with a LookupError when there is no such service, or none of its targets has an address. */
  async look(): Promise<Look> {
    const { name } = this.settings;
    const { services, ttlSeconds } = await this.resolver.services(name);
    // RFC 2782: a target of "." says that the service is not offered here.
    const offered = services.filter(({ target }) => target !== '.' && target !== '');
    if (offered.length === 0) throw new LookupError(`${name} says that the service is not available`);
    const targets = await this.lookUpTargets(new Set(offered.map(({ target }) => target)));
    const priorities = [...new Set(offered.map(({ priority }) => priority))].sort((a, b) => a - b);
    const groups = priorities
      .map(priority => offered.filter(each => each.priority === priority && targets.has(each.target)))
      .filter(group => group.length > 0);
    const [first, second = []] = groups;
    if (first === undefined) throw new LookupError(`no target of ${name} has an address`);
    const leastTtl = Math.min(
      ttlSeconds,
      ...[...first, ...second].map(({ target }) => targets.get(target)!.ttlSeconds),
    );
    const placesOf = (group: readonly ServiceRecord[]) =>
      group.flatMap(service => endpointsOf(service, targets.get(service.target)!, this.settings.tls));
    return {
      endpoints: [...placesOf(first), ...placesOf(second).map(endpoint => ({ ...endpoint, backup: true }))],
      validMs: leastTtl * 1_000,
    };
  }

  private async lookUpTargets(names: ReadonlySet<string>): Promise<ReadonlyMap<string, Target>> {
    const targets = new Map<string, Target>();
    const lookUp = async (name: string) => {
      try {
        // A target is a fully qualified name: the search list does not apply.
        const found = await this.resolver.addresses(`${name.replace(/\.$/, '')}.`, this.settings.family);
        const addresses = withKnown(found, this.targets.get(name)?.addresses ?? []);
        targets.set(name, { addresses, ttlSeconds: found.ttlSeconds });
      } catch {
        const before = this.targets.get(name);
        if (before !== undefined) targets.set(name, before);
      }
    };
    await Promise.all(Array.from(names, lookUp));
    if (targets.size > 0) this.targets = targets;
    return targets;
  }
}

function endpointsOf(
  { target, port, weight }: ServiceRecord,
  { addresses }: Target,
  tls: boolean,
): DiscoveredEndpoint[] {
  const name = target.replace(/\.$/, '');
  // RFC 2782: a weight of 0 gets few requests, not none.
  return addresses.map(address => ({ address, port, tls, weight: Math.max(1, weight), zone: '', name }));
}
