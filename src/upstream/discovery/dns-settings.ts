// How an upstream's settings travel as a feed's spec, for the two DNS sources. Asks nobody: see resolver-for.ts.

import type { FeedSpec } from '../../store/feed.ts';
import type { AddressFamily } from './dns/resolver.ts';

/** Of one name. As a feed's spec: two upstreams that say the same share one lookup. */
export type DnsSettings = {
  readonly name: string;
  /** Of the endpoints; 0 where the records say it. */
  readonly port: number;
  readonly tls: boolean;
  readonly family: AddressFamily;
  /** `[host, port]`; empty takes the machine's own. */
  readonly servers: readonly (readonly [string, number])[];
  readonly timeoutMs: number;
  readonly keptMinMs: number;
  readonly keptMaxMs: number;
};

/** How a name in `endpoints` is looked up, and what `discover` fills in. */
export const dnsDefaults = {
  family: 'auto',
  servers: [],
  timeoutMs: 1_500,
  keptMinMs: 1_000,
  keptMaxMs: 300_000,
} as const;

export function dnsSettingsOf(spec: FeedSpec): DnsSettings {
  // Because: src/compile writes such specs from DnsSettings, and nothing else does.
  return spec as unknown as DnsSettings;
}
